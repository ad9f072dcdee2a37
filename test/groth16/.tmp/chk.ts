import * as snarkjs from 'snarkjs'
const log={debug:()=>{},info:console.log,warn:console.log,error:console.log}
async function main(){ console.log(await snarkjs.wtns.check('/tmp/s.r1cs','/tmp/s.wtns',log)); 
 await (await snarkjs.curves.getCurveFromName('bn128')).terminate()}
main()
