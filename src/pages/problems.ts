/** What each problem's page says, by code: what it means and what to do. A test holds this list against the code. */
export const explanations: Readonly<Record<string, string>> = {
  'account-disabled': 'Whoever runs this service has disabled the account. Only they can enable it again.',
  'avatar-store-unavailable':
    'The place where pictures are kept did not answer in time, or not as it should. The picture that was there before still is: try again in a moment.',
  'book-full':
    'Whoever runs this service has set how many contacts one person may keep, and you have that many. Delete some, then add others.',
  busy: 'Several changes of one thing came at once, and yours lost each race. Nothing was written: send it again.',
  'changed-meanwhile':
    'You sent If-Match, and the thing has changed since you read it. Read it again; if you wanted to change it, apply your change to what it is now, and send it with the new ETag.',
  'database-unavailable':
    'The database did not answer in time. A change is written whole or not at all: read, then try again.',
  'email-not-confirmed':
    'The password is right, but the address is not confirmed yet. Open the link in the letter we sent, or ask for a new one with POST /api/auth/verification-email.',
  'email-taken': 'An account with this address exists. Log in, or use another address.',
  'foreign-page':
    'A page of another site sent this by your browser, and the service takes such requests from its own pages only, and from those that whoever runs it allows (CORS_ORIGINS). If you were filling in a form, open it here.',
  'group-alone':
    'A batch changes groups of vCards by five operations at most, and by none if it is atomic or has an Idempotency-Key. Send this one by itself.',
  'idempotency-key-reused':
    'An Idempotency-Key stands for one request. Within 24 hours the same key came with another body: send what is new under a new key, and what is repeated exactly as it was.',
  'internal-error': 'A fault of ours. It has been logged under the request id; nothing was written by halves.',
  'invalid-credentials':
    'The e-mail or the password is wrong. Which of the two, we do not say: a stranger could ask, too.',
  'invalid-refresh-token': 'What was sent is not a refresh token made by this service. Log in again.',
  'invalid-token':
    'The bearer token is not an access token made by this service: it may be cut, changed, or meant for something else. Or it is an app password that was revoked.',
  'invalid-values': 'The request was readable, but some values are not allowed. `errors` names each with what to do.',
  'invalid-vcard':
    'The body is no vCard, or not one that is taken. `errors` names the line, and what to do about it. A vCard begins with BEGIN:VCARD and ends with END:VCARD; it has at most 1,000 lines, 100 of each property, and 64 KB without its pictures.',
  'last-admin':
    'Someone has to be left who can run the service: no request may demote, disable or delete its last admin. Make another account an admin first.',
  'letter-not-failed':
    'Only a letter that was given up can be sent again: this one is waiting to be sent, or was sent already.',
  'changes-restart':
    'The database was restored from a backup, and what you know may never have happened in it. Read the whole book anew: leave `since` out, and keep the new `next`.',
  'link-not-found':
    'The link was never made, has expired, or has been used. Ask for a new letter, and open the link in it.',
  'method-not-allowed': 'The address exists but does not answer this method. `Allow` names those it does.',
  'not-permitted':
    'You are signed in, but the role of your account does not allow this, which whoever runs the service can change; or you sent an app password, whose scope does not reach this: log in for it.',
  'not-configured':
    'A variable of this deployment is missing or wrong. Whoever runs it finds its name and the fix in `detail`.',
  'not-found': 'There is nothing at this address, or nothing that is yours.',
  'not-signed-in': 'This needs an access token: log in, and send it as `Authorization: Bearer …`.',
  'gate-unavailable':
    'The part that counts requests and guards sessions did not answer. Nothing was changed: try again in a moment.',
  'precondition-failed':
    'You sent If-None-Match with a change, and it names what is there now (`*` names anything that is there); or ' +
    'If-Match with an ETag, to what has none. Nothing was changed: leave the header out. To change only what you ' +
    'have seen, send If-Match where the answers have an ETag.',
  'reset-required':
    'A new password was asked for, and until it is chosen the old one opens nothing here. Open the link in the letter, or ask for another one.',
  'session-revoked':
    'The session of this token has ended: by logging out, by age, by a new password, or because its refresh token was used twice. Log in again.',
  'token-expired':
    'Access tokens live for minutes. Exchange your refresh token for new ones with POST /api/auth/refresh.',
  'several-vcards':
    'The body has more than one vCard, and this address takes one contact at a time. Send each by itself.',
  'storage-full':
    'Your account holds as much as one may here: contacts with their vCards, their history, and the trash. Delete contacts, empty the trash, and try again.',
  'too-many-app-passwords':
    'One person may have 25 app passwords, and you have that many. Revoke those of phones and programs that you no longer use.',
  'too-large': 'The body is larger than this address takes.',
  'too-many-requests':
    'There are limits, so that one client cannot take the service from the others. `Retry-After` says in how many seconds one more is admitted; `violated_policies` names the limits, and the headers RateLimit and RateLimit-Policy tell how they stand.',
  'uid-taken':
    'A vCard has a UID, by which programs know that two of them are the same contact, and another contact of yours has this one, or is to have it. `contact` is its id: replace that contact, or send the vCard without its UID.',
  'unreadable-body': 'The body is not well-formed JSON in UTF-8, or not a well-formed form.',
  'wrong-password':
    'The token is good, but the current password that was sent along is not. Such failures count as those of logging in.',
  'unsupported-media-type':
    'Send the media type that the documentation names, usually `Content-Type: application/json`. A picture has to be a JPEG, PNG, WebP or GIF by its bytes: its name and its declared type say nothing.',
}
