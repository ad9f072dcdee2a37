import { synth } from './synth'
import { devSetup } from '/work/main/prover/groth16/dev-setup'
import { writeWtns } from '/work/main/prover/binfile/wtns'
import { writeR1cs } from '/work/main/prover/binfile/r1cs-writer'
import { readR1cs } from '/work/main/prover/binfile/r1cs-reader'
import * as snarkjs from 'snarkjs'
async function main(){
 for (const p of process.argv.slice(2).map(Number)) {
  const {r1cs,wtns}=synth(2**p)
  let t=Date.now(); const f=await writeR1cs('/tmp/s.r1cs',r1cs); console.log(p,'write r1cs',Date.now()-t,f.bytes); t=Date.now(); const back=readR1cs('/tmp/s.r1cs'); console.log('read',Date.now()-t,back.nConstraints)
  await writeWtns('/tmp/s.wtns',wtns)
  t=Date.now(); const z=await devSetup(r1cs,'/tmp/s.zkey',{publicSeed:'x'}); console.log(p,'devSetup ms',Date.now()-t,z.bytes,z.sha256.slice(0,16))
  t=Date.now(); const {proof,publicSignals}=await snarkjs.groth16.prove('/tmp/s.zkey','/tmp/s.wtns'); console.log('prove',Date.now()-t)
  const vk=await snarkjs.zKey.exportVerificationKey('/tmp/s.zkey'); console.log('verify',await snarkjs.groth16.verify(vk,publicSignals,proof))
 }
 await (await snarkjs.curves.getCurveFromName('bn128')).terminate()
}
main()
