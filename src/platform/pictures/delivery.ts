import type { Configuration } from '../config/configuration.ts'
import type { Reference } from './reference.ts'

/** The URL of a picture at Cloudinary: square, with the face in the middle, in a size and format. */
export function deliveryUrl(
  { CLOUDINARY_DELIVERY_URL }: Configuration,
  { cloud, version, publicId }: Reference & { store: 'cloudinary' },
  form: 'w_250,h_250,f_auto' | 'w_400,h_400,f_jpg',
): string {
  const path = publicId.split('/').map(encodeURIComponent).join('/')
  return `${CLOUDINARY_DELIVERY_URL}/${cloud}/image/upload/c_fill,g_face,${form},q_auto/v${version}/${path}`
}
