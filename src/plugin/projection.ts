/** Projections of JSON values in the settings of plugins. */
export { compileProjection, type Projection, UnsupportedProjection } from '../events/project.ts'
