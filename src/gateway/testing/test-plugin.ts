/** Plugins of tests: phases and an id, no settings. */
import { definePlugin, type PluginDefinition, type PluginInstance } from '../../plugin/contract.ts'
import { schema } from '../../schema/index.ts'

/** A plugin whose setup answers `instance`, or what it makes. */
export function testPlugin(
  id: string,
  instance: PluginInstance | (() => PluginInstance),
): PluginDefinition<never> {
  return definePlugin({
    id,
    name: id,
    description: '',
    family: 'test',
    steps: ['PreRoute'],
    config: schema.looseObject({}),
    setup: () => (typeof instance === 'function' ? instance() : instance),
  }) as PluginDefinition<never>
}
