// Package notification is everybody's own inbox.
//
// It owns the notifications and nothing else: they are made of the events of appointments and ratings, one for each of
// those concerned, and only their recipient can read them. What is told to whom, and in which words, is decided in
// notification.go and texts.go; that it is told exactly once, whatever is delivered twice, is the database's promise.
//
// Notifications that were read are kept for Retention.
package notification
