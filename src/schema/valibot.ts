/** The library, with descriptions of objects that take no lists in place of its own. */
export * from 'valibot'
export { looseObject, object, record } from './objects.ts'
