/** Filter and projection of an exporter, compiled. */
import { flatForm } from './flat-form.ts'
import { eventText, projectedText } from './json-text.ts'
import { compileMatch, isObject, type Matcher } from './match.ts'
import type { ExporterRules } from './messages.ts'
import { compileProjection, keepsAll } from './project.ts'

/** Whether the exporter wants an event. Never throws. Compiling throws `UnsupportedPattern`. */
export function compileFilter({ include, exclude }: ExporterRules['filtering']): Matcher {
  const wanted = include.map(compileMatch)
  const unwanted = exclude.map(compileMatch)
  return event =>
    isObject(event) &&
    (wanted.length === 0 || wanted.some(matches => matches(event))) &&
    !unwanted.some(matches => matches(event))
}

/** The JSON of what an exporter gets of an event. Throws for events that have none. */
export type EventForm = (event: unknown) => string

/** Compiling throws `UnsupportedProjection` and `UnsupportedPattern`. */
export function compileForm(projection: unknown): EventForm {
  if (keepsAll(projection)) return eventText
  const flat = flatForm(projection)
  if (flat !== null) return flat
  const project = compileProjection(projection)
  return event => projectedText(project(event))
}
