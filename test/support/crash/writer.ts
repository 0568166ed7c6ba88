// A process that writes to a store through the control plane, and says what it asks for and what was done. To be killed.
// Arguments: storage, data directory, name of the round. Output, a line each: `ready`, `? <operation>`,
// `! <number of the operation>`, `- <number>` for a refused one, `. <number> <line>` for a line of a bulk.
import { writeSync } from 'node:fs'
import { ControlPlane } from '../../../src/control/control-plane.ts'
import { globalConfig } from '../../../src/control/testing/entities.ts'
import { openStore } from '../../../src/store/open.ts'
import { runClients } from './clients.ts'
import { Ledger } from './ledger.ts'
import { planeDoor } from './plane-door.ts'

// Synchronous, so that what was said cannot be lost in a buffer of this process.
const say = (line: string): void => void writeSync(1, `${line}\n`)

const [storage = '', dataDir = '', round = ''] = process.argv.slice(2)
const store = await openStore({ storage, dataDir })
const control = await ControlPlane.start({
  store,
  history: { versions: 0, total: 0, maxAge: 0 },
  initial: () => [{ definition: globalConfig, entity: {} }],
})
const ledger = new Ledger()
let ending = false
process.once('SIGTERM', async () => {
  ending = true
  await control.close()
  await store.close()
  process.exit(0)
})
say('ready')
await runClients(
  4,
  round,
  planeDoor(control),
  {
    ask(operation) {
      say(`? ${JSON.stringify(operation)}`)
      return ledger.ask(operation)
    },
    done: asked => say(`! ${asked.number}`),
    refused: asked => say(`- ${asked.number}`),
    lineDone: (asked, line) => say(`. ${asked.number} ${line}`),
  },
  () => ending,
)
