/** `a || b || c :: default`: the first that has a value. */
import { BAD, type Rule } from './rule.ts'

export const chainRule: Rule = (expression, { part }) => {
  if (!expression.includes('||')) return null
  const texts = expression.split('||')
  const last = texts.length - 1
  const colons = texts[last]!.lastIndexOf('::')
  let fallback = 'no-chain-value'
  if (colons >= 0) {
    const given = texts[last]!.slice(colons + 2).trim()
    fallback = given === '' ? 'no-chain-value-d' : given
    texts[last] = texts[last]!.slice(0, colons)
  }
  const parts = texts.map(text => part(text.trim()))
  return context => {
    for (const one of parts) {
      const value = one(context)
      if (value !== BAD && !value.startsWith('no-')) return value
    }
    return fallback
  }
}
