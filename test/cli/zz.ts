import { makeFixture } from './fixture'
const f = makeFixture(); console.log(f.folder)
void f.run(['compile', 'other.onnx', '--input-range', 'x=-1,1', '--input-bits', 'x=6', '-q']).then((r) => { console.log(r); })
