/** Runs of one plugin that count together. */
import { type Counting, countingAlone } from '../../limits/counting.ts'
import type { PluginDefinition } from '../../plugin/index.ts'
import { type PluginRun, type PluginRunInput, runPlugin } from '../../plugin/testing.ts'

/** Windows of an hour: no test sees the end of one. */
export function counted<C>(
  definition: PluginDefinition<C>,
  shared: PluginRunInput = {},
  counting: Counting = countingAlone(3_600_000),
): (more?: PluginRunInput) => Promise<PluginRun> {
  return (more = {}) =>
    runPlugin(definition, {
      ...shared,
      ...more,
      services: { counting, ...shared.services, ...more.services },
    })
}

/** Status and reason of runs one after another. */
export async function outcomes(
  run: (more?: PluginRunInput) => Promise<PluginRun>,
  inputs: readonly PluginRunInput[],
): Promise<string[]> {
  const list: string[] = []
  for (const input of inputs) {
    const { status, refusal } = await run(input)
    list.push(refusal === null ? String(status) : `${status} ${refusal.reason}`)
  }
  return list
}

export const times = (count: number, input: PluginRunInput = {}): PluginRunInput[] =>
  Array.from({ length: count }, () => input)
