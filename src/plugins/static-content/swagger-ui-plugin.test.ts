import assert from 'node:assert/strict'
import { it } from 'node:test'
import vm from 'node:vm'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './swagger-ui-plugin.ts'

const config = { swagger_url: 'https://api.test/openapi.json?a=</script>', title: '<b>"Title"' }
const get = (url: string, more: object = {}) =>
  runPlugin(plugin, { config: { ...config, ...more }, request: { url } })

it('shows a page that loads nothing from elsewhere', async () => {
  const { status, text, headers } = await get('/docs')
  assert.equal(status, 200)
  assert.match(text, /<title>&#60;b&#62;&#34;Title&#34;<\/title>/)
  assert.doesNotMatch(text, /https?:/)
  assert.match(headers.get('content-security-policy')!, /script-src 'self';/)
  for (const [, url = ''] of text.matchAll(/(?:src|href)="([^"]+)"/g)) {
    const asset = await get(`/docs${url}`)
    assert.equal(asset.status, 200, url)
    assert.ok(asset.body.length > 100, url)
  }
})

it('opens Swagger UI with the settings', async () => {
  const { text } = await get('/?swagger-ui=settings.js', { show_models: true, sort_ops: 'method' })
  let given: Record<string, unknown> = {}
  const open = Object.assign((options: Record<string, unknown>) => (given = options), {
    presets: { apis: 1 },
  })
  vm.runInNewContext(text, { window: {}, SwaggerUIBundle: open, SwaggerUIStandalonePreset: 2 })
  assert.deepEqual(
    [given['url'], given['defaultModelsExpandDepth'], given['operationsSorter'], given['tagsSorter']],
    [config.swagger_url, 1, 'method', 'alpha'],
  )
})

it('gives no other files, and says what it lacks', async () => {
  for (const name of ['package.json', '../package.json', 'swagger-ui.js', ''])
    assert.equal((await get(`/?swagger-ui=${encodeURIComponent(name)}`)).status, 404, name)
  const bare = await runPlugin(plugin)
  assert.deepEqual([bare.status, JSON.parse(bare.text).error], [400, 'invalid_configuration'])
  const wrong = await get('/', { swagger_url: 'javascript:alert(1)' })
  assert.deepEqual([wrong.status, JSON.parse(wrong.text).error], [400, 'invalid_url'])
})
