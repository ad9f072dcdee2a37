import { syntheticCircuit } from '../../support/synthetic-r1cs'
import { devSetup } from '../../../prover/groth16/dev-setup'
import { checkKeyMatchesCircuit } from '../../../prover/groth16/key-check'
async function main(){ const {r1cs}=syntheticCircuit(17000,3); let t=Date.now(); await devSetup(r1cs,'/tmp/k.zkey'); console.log('setup',Date.now()-t); t=Date.now(); await checkKeyMatchesCircuit('/tmp/k.zkey',r1cs); console.log('check',Date.now()-t)}
main()
