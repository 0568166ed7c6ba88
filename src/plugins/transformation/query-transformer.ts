/** Changes the query parameters that the backend gets. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { noEntries, noTexts, setting, textMap, texts } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.QueryTransformer',
  name: 'Query param transformer',
  description:
    'Takes query parameters out, renames them and sets them, in this order. The others stay as they came, in their order.',
  family: 'transformation',
  categories: ['Transformations'],
  steps: ['TransformRequest'],
  config: v.looseObject({
    remove: setting(texts, noTexts, 'Names of parameters that are taken out'),
    rename: setting(textMap, noEntries, 'Old name to new name'),
    add: setting(textMap, noEntries, 'Name to value; takes the place of values that are there'),
  }),
  setup(config) {
    const removed = new Set(config.remove)
    const renamed = new Map(Object.entries(config.rename))
    const added = Object.entries(config.add)
    const set = new Set(added.map(([name]) => name))
    const more = added.map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    if (removed.size + renamed.size + added.length === 0) return {}
    return {
      request({ upstream }) {
        const question = upstream.path.indexOf('?')
        const path = question < 0 ? upstream.path : upstream.path.slice(0, question)
        const pairs = question < 0 ? [] : upstream.path.slice(question + 1).split('&')
        const kept: string[] = []
        for (const pair of pairs) {
          const equals = pair.indexOf('=')
          const name = decoded(equals < 0 ? pair : pair.slice(0, equals))
          if (pair === '' || removed.has(name)) continue
          const to = renamed.get(name) ?? name
          if (set.has(to)) continue
          kept.push(to === name ? pair : encoded(to) + (equals < 0 ? '' : pair.slice(equals)))
        }
        const query = [...kept, ...more].join('&')
        upstream.path = query === '' ? path : `${path}?${query}`
      },
    }
  },
})

/** As forms are read: names that are written differently are the same name. */
function decoded(name: string): string {
  if (!/[%+]/.test(name)) return name
  return new URLSearchParams(`${name}=`).keys().next().value ?? ''
}

/** As `encodeURIComponent`; a lone surrogate becomes U+FFFD. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}
