// A process whose files may not grow beyond a limit (`ulimit -f`): it writes until the disk is "full", then says what it saw.
// Arguments: storage, directory. Output: one JSON object.
import { StoreUnavailable } from '../contract.ts'
import { openStore } from '../open.ts'

const [storage = '', dataDir = ''] = process.argv.slice(2)
const store = await openStore({ storage, dataDir })
const acknowledged: string[] = []
let refusal: unknown
for (let i = 0; i < 10_000 && refusal === undefined; i++) {
  const key = `k:${i}`
  await store
    .commit([
      { key, value: 'x'.repeat(10_000) },
      { key: 'last', value: key },
    ])
    .then(
      () => acknowledged.push(key),
      error => {
        refusal = error
      },
    )
}
const last = await store.get('last')
const refused = await store.get(`k:${acknowledged.length}`)
// A small one may still fit, or not: it must be told truly.
const small = await store.commit([{ key: 'small', value: '1' }]).then(
  () => true,
  () => false,
)
process.stdout.write(
  JSON.stringify({
    count: acknowledged.length,
    unavailable: refusal instanceof StoreUnavailable,
    message: refusal instanceof Error ? refusal.message : null,
    last,
    refused,
    small,
  }),
)
// As a crash would: without closing.
process.exit(0)
