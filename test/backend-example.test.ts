/** What examples/backend-service/README.md tells the reader to type, done. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { freePort } from './support/free-port.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { fencedBlocks } from './support/markdown.ts'
import { ShellSession } from './support/shell-session.ts'

const folder = join(import.meta.dirname, '../examples/backend-service')
const blocks = fencedBlocks(readFileSync(join(folder, 'README.md'), 'utf8')).map(({ text }) => text)

let gateway: TestGateway
let shell: ShellSession
before(async () => {
  gateway = await startGateway({ threads: 1 })
  shell = new ShellSession(folder, process.env)
})
after(async () => {
  shell.close()
  await gateway.stop()
})

it('greets whoever comes through the gateway, and nobody else', async () => {
  const port = String(await freePort())
  const type = (i: number): Promise<string> =>
    shell.type(blocks[i]!.replaceAll('8080', String(gateway.port)).replaceAll('3000', port))
  assert.equal(blocks.length, 4)
  await type(0)
  assert.equal(JSON.parse(await type(1)).id, 'orders')
  assert.deepEqual(JSON.parse(await type(2)), { hello: 'whoever you are' })
  assert.equal(await type(3), '401')
  assert.match(shell.errors, /refused: there is no Otoroshi-Claim/)
})
