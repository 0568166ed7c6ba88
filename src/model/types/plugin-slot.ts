import { schema as v } from '../../schema/index.ts'
import { absent, emptyJson, emptyTexts, field, flag, json, number, required, text, texts } from './fields.ts'

/** A plugin at work on a route. */
export const pluginSlotSchema = v.looseObject({
  enabled: field(flag, true, 'On or off'),
  debug: field(flag, false, 'Trace this plugin'),
  plugin: required(text, 'Plugin id, such as `cp:otoroshi.next.plugins.OverrideHost`'),
  include: field(texts, emptyTexts, 'Path patterns it is limited to'),
  exclude: field(texts, emptyTexts, 'Path patterns it leaves alone'),
  config: field(json, emptyJson, 'Settings of the plugin'),
  bound_listeners: field(texts, emptyTexts, 'Only on these listeners'),
  plugin_index: absent(
    v.nullable(v.record(v.string(), v.nullable(number))),
    'Order of the plugin in each step',
  ),
})
export type PluginSlot = v.InferOutput<typeof pluginSlotSchema>

export const pluginSlots = field(v.array(pluginSlotSchema), () => [], 'Plugins, in order')
