/**
 * Descriptions of objects and maps that take no lists. To valibot a list is an object, too, so `[]` where settings are
 * expected would be read as settings that say nothing.
 */
import * as v from 'valibot'

function noList<S extends v.GenericSchema>(description: S): S {
  const run = description['~run']
  const strict: S['~run'] = function (this: S, dataset, config) {
    if (!Array.isArray(dataset.value)) return run.call(this, dataset, config)
    const judged: object = dataset
    v._addIssue(this, 'type', dataset, config)
    return judged as ReturnType<typeof run>
  }
  // Only pipes copy a description, and they copy this with it.
  return Object.assign(description, { '~run': strict })
}

export const looseObject = ((...parts: Parameters<typeof v.looseObject>) =>
  noList(v.looseObject(...parts))) as typeof v.looseObject

export const object = ((...parts: Parameters<typeof v.object>) =>
  noList(v.object(...parts))) as typeof v.object

export const record = ((...parts: Parameters<typeof v.record>) =>
  noList(v.record(...parts))) as typeof v.record
