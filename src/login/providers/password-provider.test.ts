import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Attempts } from '../../identity/attempts.ts'
import { authModule } from '../../plugin/testing.ts'
import { TooManyPasswords } from '../bcrypt/passwords.ts'
import type { ProviderServices } from '../contract.ts'
import { judge, type PasswordCheck } from './password-provider.ts'

const module = authModule({ id: 'm' })

test('a directory that is down has refused nobody: its failures keep nobody waiting', async () => {
  const services = { attempts: new Attempts() } as ProviderServices
  const ask = (check: PasswordCheck) => judge({ module, services, check }, 'ada', 'x', '10.0.0.1')
  for (let i = 0; i < 50; i++)
    await assert.rejects(
      ask(async () => {
        throw new Error('no route to the directory')
      }),
    )
  for (let i = 0; i < 50; i++)
    assert.equal(
      await ask(async () => {
        throw new TooManyPasswords()
      }),
      2,
    )
  assert.equal(await ask(async () => null), null)
  for (let i = 0; i < 4; i++) await ask(async () => null)
  assert.equal(await ask(async () => null), 1, 'what is wrong still counts')
})
