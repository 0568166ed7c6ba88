import assert from 'node:assert/strict'
import { it } from 'node:test'
import { userAgentAttribute } from '../../plugin/index.ts'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './ng-user-agent-extractor.ts'

const factsOf = async (agent?: string, config: object = {}) => {
  const headers: Record<string, string> = agent === undefined ? {} : { 'User-Agent': agent }
  const { attributes, log } = await runPlugin(plugin, { config, request: { headers } })
  return { facts: attributes.get(userAgentAttribute), log }
}

it('tells browsers, devices and systems', async () => {
  const chrome =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36'
  const { facts, log } = await factsOf(chrome, { log: true })
  assert.deepEqual(facts, {
    ua: chrome,
    browser: 'Chrome',
    browserType: 'Browser',
    browserMajorVersion: '120',
    deviceType: 'Desktop',
    platform: 'Windows',
    platformVersion: '10',
  })
  assert.match(log[0]!.message, /Chrome/)
  const phone = await factsOf(
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1',
  )
  assert.deepEqual([phone.facts?.['deviceType'], phone.facts?.['platform']], ['Mobile Phone', 'iOS'])
  const bot = await factsOf('Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)')
  assert.equal(bot.facts?.['browserType'], 'Bot/Crawler')
})

it('takes what says nothing, and leaves out what is too long to be true', async () => {
  assert.equal((await factsOf()).facts, undefined)
  assert.equal((await factsOf('?')).facts?.['platform'], 'unknown')
  assert.equal((await factsOf('')).facts?.['browserType'], 'Browser')
  const start = performance.now()
  assert.equal((await factsOf(`Mozilla ${'('.repeat(7000)}`)).facts, undefined)
  assert.ok(performance.now() - start < 2000)
})
