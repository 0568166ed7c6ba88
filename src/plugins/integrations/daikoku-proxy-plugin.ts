/** A preset for the developer portal Daikoku. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { setting, text, textMap, texts } from '../settings.ts'

const paths = (): string[] => [
  '/admin-api/.*',
  '/cms-api/.*',
  '/health',
  '/integration-api/.*',
  '/robots.txt',
]
const algorithm = (): Record<string, unknown> => ({
  type: 'HSAlgoSettings',
  size: 512,
  secret: 'secret',
  base64: false,
})

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.DaikokuProxyPlugin',
  name: 'Expose Daikoku through Otoroshi',
  description:
    'Stands for three plugins: users log in with the authentication module, the portal learns who they are from a signed token, and where requests come from.',
  family: 'integrations',
  categories: ['Presets'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    authentication_ref: setting(v.nullable(text), null, 'Authentication module; without one nobody logs in'),
    exclude: setting(texts, paths, 'Paths without a login, as regular expressions'),
    header_name: setting(text, 'Otoroshi-claim', 'Field of the token'),
    add_fields: setting(v.nullable(textMap), null, 'More claims'),
    algo: setting(v.looseObject({}), algorithm, 'How the token is signed'),
  }),
  setup({ authentication_ref: ref, exclude, header_name, add_fields, algo }) {
    const module = ref?.trim() ?? ''
    const plugin = (name: string, config: object, more: object = {}) => ({
      plugin: `cp:otoroshi.next.plugins.${name}`,
      config,
      ...more,
    })
    return {
      expand: () => [
        ...(module === ''
          ? []
          : [plugin('AuthModule', { auth_module: module, pass_with_apikey: false }, { exclude })]),
        plugin('OtoroshiInfos', { version: 'Latest', ttl: 30, header_name, add_fields, algo }),
        plugin('XForwardedHeaders', {}),
      ],
    }
  },
})
