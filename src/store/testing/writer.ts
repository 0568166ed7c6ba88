// A process that writes as fast as it can and says on standard output what was acknowledged. To be killed.
// Arguments: storage, directory, number of the round.
import { writeSync } from 'node:fs'
import { openStore } from '../open.ts'

const [storage = '', dataDir = '', round = ''] = process.argv.slice(2)
const store = await openStore({ storage, dataDir })
const padding = 'x'.repeat(400)

async function write(writer: number): Promise<never> {
  for (let i = 0; ; i++) {
    const key = `${round}:${writer}:${i}`
    // Two keys of one commit: both or none may be found afterwards.
    await store.commit([
      { key: `a:${key}`, value: key + padding },
      { key: `b:${key}`, value: key + padding },
    ])
    const count = await store.increment(`c:${round}`, 1, 0)
    // Synchronous, so that what is said cannot be lost in a buffer of this process.
    writeSync(1, `${key} ${count}\n`)
  }
}

writeSync(1, 'ready\n')
await Promise.all([0, 1, 2, 3].map(write))
