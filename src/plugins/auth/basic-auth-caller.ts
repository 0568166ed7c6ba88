/** Gives the backend a name and a password (RFC 7617). */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { setting, text } from '../settings.ts'
import { credentialWriter } from './credential-format.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.BasicAuthCaller',
  name: 'Basic Auth. caller',
  description:
    'Signs in at the backend with a user name and a password. Without one of them every request of the route is refused.',
  family: 'auth',
  categories: ['Authentication'],
  steps: ['TransformRequest'],
  config: v.looseObject({
    username: setting(text, null, 'Name of the user at the backend; without a colon'),
    password: setting(text, null, 'Password of the user at the backend'),
    headerName: setting(text, 'Authorization', 'Header that carries them'),
    headerValueFormat: setting(text, 'Basic %s', 'Value of the header; `%s` is name and password in base64'),
  }),
  setup({ username, password, headerName, headerValueFormat }) {
    const write = credentialWriter(headerName, headerValueFormat)
    if (!username || !password)
      return { request: () => bareError(400, 'caller.bad_config', { error: 'Bad configuration' }) }
    // RFC 7617, 2: the first colon ends the name.
    if (username.includes(':')) throw new Error('username: a name holds no colon')
    const credential = Buffer.from(`${username}:${password}`).toString('base64')
    return {
      request({ upstream }) {
        write(upstream, credential)
      },
    }
  },
})
