/** `date`, `now`, `date(…)` and `date_el(…)` with their suffixes. */
import { type DateFormat, dateFormat, isoDate, parseIsoDate } from '../date-format.ts'
import type { Part, Rule } from './rule.ts'

const FORM =
  /^(date|now|date\((.*?)\)|date_el\((.*?)\))(?:\.(plus|minus)_ms\(([^)]*)\))?(?:\.(?:format\('(.*)'\)|(epoch_ms|epoch_sec)))?$/

export const dateRule: Rule = (expression, { part }) => {
  const form = FORM.exec(expression)
  if (form === null) return null
  const [, source, iso, inner, sign, amount, pattern, epoch] = form
  if (source === 'date' && sign !== undefined) return null
  const parsed = iso !== undefined || inner !== undefined
  if (parsed && sign === undefined && pattern === undefined && epoch === undefined)
    throw new RangeError('a parsed date needs a suffix')
  const shift = shiftOf(sign, amount)
  const write = writerOf(pattern, epoch)
  if (iso !== undefined) {
    const text = write(new Date(parseIsoDate(iso) + shift))
    return () => text
  }
  if (inner !== undefined) {
    const source: Part = part(inner)
    return context => write(new Date(parseIsoDate(source(context)) + shift))
  }
  return () => write(new Date(Date.now() + shift))
}

function shiftOf(sign: string | undefined, amount: string | undefined): number {
  if (sign === undefined) return 0
  if (!/^\d{1,15}$/.test(amount ?? '')) throw new RangeError('not a number of milliseconds')
  return sign === 'plus' ? Number(amount) : -Number(amount)
}

function writerOf(pattern: string | undefined, epoch: string | undefined): DateFormat {
  if (pattern !== undefined) return dateFormat(pattern)
  if (epoch === 'epoch_ms') return date => String(date.getTime())
  if (epoch === 'epoch_sec') return date => String(Math.floor(date.getTime() / 1000))
  return isoDate
}
