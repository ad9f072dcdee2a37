import { type R1cs } from '/work/main/prover/binfile/r1cs'
import { SCALAR_FIELD as r, toFieldBytes } from '/work/main/prover/binfile/field'
// chain x_{i+1} = x_i^2 + booleans; LeNet-like: mostly bit rows b*(b-1)=0 with linear row at times
export function synth(n: number, dense=0): { r1cs: R1cs, wtns: Uint8Array } {
  const nPub=30; const N=n-nPub-1
  const A:number[][]=[],B:number[][]=[],C:number[][]=[]
  const coeffs=[1n,r-1n]; for(let i=0;i<dense;i++) coeffs.push(BigInt(i+2))
  const nW=1+nPub+N; const vals=new Array<bigint>(nW).fill(0n); vals[0]=1n; for(let i=1;i<=nPub;i++) vals[i]=BigInt(i)
  for(let i=0;i<N;i++){ const w=1+nPub+i; vals[w]=BigInt(i&1)
    if(i%24===23){ // product of pub and previous
      const p=1+(i%nPub); vals[w]=vals[p]!*vals[w-1]! % r; A.push([p,0]);B.push([w-1,0]);C.push([w,0]) }
    else { A.push([w,0]); B.push([w,0,0,1]); C.push([]) } }
  // public sum ties
  const mk=(rows:number[][])=>{ const start=new Uint32Array(N+1); let t=0; rows.forEach((x,i)=>{t+=x.length/2;start[i+1]=t}); const wire=new Uint32Array(t),coefficient=new Uint32Array(t); let k=0; for(const x of rows) for(let j=0;j<x.length;j+=2){wire[k]=x[j]!;coefficient[k++]=x[j+1]!} return {start,wire,coefficient} }
  const wtns=new Uint8Array(nW*32); vals.forEach((v,i)=>toFieldBytes(v,wtns,i*32))
  return { r1cs:{nWires:nW,nPubOut:0,nPubIn:nPub,nPrvIn:0,nLabels:nW,nConstraints:N,a:mk(A),b:mk(B),c:mk(C),coefficients:coeffs,wireToLabel:Uint32Array.from({length:nW},(_,i)=>i)}, wtns }
}
