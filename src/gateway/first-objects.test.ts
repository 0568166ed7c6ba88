import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { FirstObjects } from '../http/first-objects.ts'
import { openRawBackend, plainAnswer, type RawBackend } from './testing/test-backend.ts'
import { openTestGateway, type TestGateway, testRoute } from './testing/test-gateway.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options: object) => void
setFlagsFromString('--no-expose-gc')
setFlagsFromString('--allow-natives-syntax')
const isFast = new Function('object', 'return %HasFastProperties(object)') as (object: object) => boolean

function forget(): void {
  for (let i = 0; i < 3; i++) collect({ type: 'major', flavor: 'last-resort' })
}

/** A class of its own at each call, because what the engine settles is settled for good. */
function manyFields(firstObjects: FirstObjects | null): new () => object {
  const fields = Array.from({ length: 20 }, (_, i) => `#field${i} = ${i}`).join('\n')
  const text = `return class { ${fields}\nconstructor() { firstObjects?.note(this) } }`
  return new Function('firstObjects', text)(firstObjects) as new () => object
}

/** The object made after six others, which were collected. */
async function afterSix(Made: new () => object): Promise<object> {
  for (let i = 0; i < 6; i++) new Made()
  await new Promise(resolve => setTimeout(resolve, 1))
  forget()
  return new Made()
}

describe('objects of a class whose first six were collected', () => {
  let backend: RawBackend
  let gateway: TestGateway

  before(async () => {
    backend = await openRawBackend(socket => socket.write(plainAnswer('six')))
    gateway = await openTestGateway()
  })
  after(async () => {
    await gateway.close()
    await backend.close()
  })

  it('lose their layout, unless one of the first is held', async () => {
    assert.equal(isFast(await afterSix(manyFields(null))), false)
    assert.equal(isFast(await afterSix(manyFields(new FirstObjects()))), true)
  })

  it('are held only as long as it takes', async () => {
    const first = new FirstObjects()
    const made: WeakRef<object>[] = []
    const note = (): void => {
      const object = {}
      made.push(new WeakRef(object))
      first.note(object)
    }
    const held = async (): Promise<boolean[]> => {
      await new Promise(resolve => setTimeout(resolve, 1))
      forget()
      return made.map(ref => ref.deref() !== undefined)
    }
    for (let i = 0; i < 7; i++) note()
    assert.deepEqual(await held(), [...Array<boolean>(6).fill(false), true])
    for (let i = 0; i < 2; i++) note()
    assert.deepEqual(await held(), Array<boolean>(9).fill(false))
  })

  it('keep it when they are made for each request', async () => {
    await gateway.write(['Route', testRoute('six', 'six.test', backend.port)])
    const call = async (): Promise<void> => {
      const { status } = await gateway.call('http://six.test/')
      assert.equal(status, 200)
    }
    for (let i = 0; i < 6; i++) await call()
    gateway.finished.length = 0
    forget()
    await call()
    const [run] = gateway.finished
    const { server, exchange, attempts } = run!
    const made = { run, server, exchange, request: exchange.request, attempts }
    for (const [name, object] of Object.entries(made)) assert.equal(isFast(object!), true, name)
  })
})
