/** JSONPath in settings: one that cannot be read is a fault of the settings, named with its place. */
import { compileLookup } from '../expression/json-path/lookup.ts'
import { schema as v } from '../schema/index.ts'

export { compileLookup, type JsonLookup } from '../expression/json-path/lookup.ts'

export const jsonPath = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    try {
      compileLookup(dataset.value)
    } catch (error) {
      addIssue({ message: `Invalid JSONPath: ${error instanceof Error ? error.message : String(error)}` })
    }
  }),
)
