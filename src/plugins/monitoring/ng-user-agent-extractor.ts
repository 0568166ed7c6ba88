/** Finds out what software clients use. */
import { definePlugin, schema as v, userAgentAttribute } from '../../plugin/index.ts'
import { flag, setting } from '../settings.ts'
import { agentFacts } from './user-agent.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgUserAgentExtractor',
  name: 'User-Agent details extractor',
  description:
    'Reads the field `User-Agent` for events, expressions and other plugins: browser, device, system.',
  family: 'monitoring',
  categories: ['Other'],
  steps: ['PreRoute'],
  config: v.looseObject({ log: setting(flag, false, 'Write what is found into the log') }),
  setup({ log }, services) {
    return {
      preRoute({ request, attributes }) {
        const text = request.headers.get('user-agent')
        if (text === undefined || attributes.get(userAgentAttribute) !== undefined) return
        const facts = agentFacts(text)
        if (facts === null) return
        attributes.set(userAgentAttribute, { ...facts })
        if (log) services.log('info', `the client is ${JSON.stringify(facts)}`)
      },
    }
  },
})
