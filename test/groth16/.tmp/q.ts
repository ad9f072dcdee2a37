import { readR1cs } from '../../../prover/binfile/r1cs-reader'
import { compileCircom, SMALL_CIRCUIT, workspace } from '../../support/circom-circuit'
const s=workspace(); const r=readR1cs(compileCircom(s,'small',SMALL_CIRCUIT).r1cs); s.remove()
const f=(m:any,i:number)=>[...m.wire.slice(m.start[i],m.start[i+1])].map((w,k)=>w+'*'+r.coefficients[m.coefficient[m.start[i]+k]!]!.toString().slice(0,4)).join(' + ')
for(let i=0;i<r.nConstraints;i++) console.log('(',f(r.a,i),')(',f(r.b,i),') = ',f(r.c,i))
