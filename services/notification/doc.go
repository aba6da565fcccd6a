// Package notification is everybody's own inbox.
//
// It owns the notifications. The events of appointments, waitlists and ratings cause them: one for each person concerned, who alone
// can read it. A unique constraint makes sure that an event notifies nobody twice.
//
// A notification is stored as ids, instants and facts. Its text is made when it is read, in the reader's language, with
// names that are looked up once a page. Notifications that were read are kept for Retention,
// unread ones for as long as the setting says.
//
//	notification.go  which event notifies whom, and of what
//	waitlist.go      the same for waitlists, and the English texts of that
//	texts.go         how a text is made of a notification
//	texts_en.go      the English texts
//	names.go         the lookup of names
//	watch_handler.go the stream of somebody's notifications as they come and are read
package notification
