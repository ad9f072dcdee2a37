import * as snarkjs from 'snarkjs'
import { synth } from './synth'
import { knownPtau } from '../../support/known-ptau'
import { writeR1cs } from '/work/main/prover/binfile/r1cs-writer'
import { writeFileAtomic } from '/work/main/prover/binfile/atomic'
import { keyFromToxicWaste } from '/work/main/prover/groth16/dev-setup'
import { openZkey } from '/work/main/prover/groth16/zkey'
import { rootOfUnity } from '/work/main/prover/groth16/scalar-math'
async function main(){
 const curve=await snarkjs.curves.getCurveFromName('bn128')
 console.log(curve.Fr.toObject(curve.Fr.w[5]!)===rootOfUnity(5))
 const {r1cs}=synth(40,0); console.log(r1cs.nConstraints)
 const w={tau:12345678901n,alpha:777n,beta:999n,delta:1n}
 const pt=await knownPtau(6,w)
 await writeR1cs('/tmp/c.r1cs',r1cs)
 console.log(await snarkjs.zKey.newZKey('/tmp/c.r1cs',pt,'/tmp/c0.zkey',{debug(){},info:console.log,warn:console.log,error:console.log}))
 await writeFileAtomic('/tmp/c1.zkey',await keyFromToxicWaste(r1cs,w))
 const x=openZkey('/tmp/c0.zkey').file,y=openZkey('/tmp/c1.zkey').file
 for(let i=1;i<=10;i++){const p=Buffer.from(x.section(i)),q=Buffer.from(y.section(i)); console.log(i,p.length,q.length,p.equals(q)); if(!p.equals(q)){ for(let o=0;o<p.length;o+=64) if(!p.subarray(o,o+64).equals(q.subarray(o,o+64))) {console.log('first diff',o/64); break} } }
 await curve.terminate()
}
main()
