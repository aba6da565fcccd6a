{{- define "salon.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "salon.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "salon.labels" -}}
{{ include "salon.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- /* The deployments, as a list in JSON. */}}
{{- define "salon.components" -}}
{{- if eq .Values.mode "all-in-one" }}["all"]{{ else }}["gateway","user","appointment","rating","notification"]{{ end }}
{{- end }}

{{- /* The settings of a component: those of all, with its own over them, in YAML. Takes the root and the name. */}}
{{- define "salon.component" -}}
{{- $own := index .root.Values.components .name | default dict }}
{{- $all := pick .root.Values "replicas" "resources" "autoscaling" "podDisruptionBudget" "nodeSelector" "tolerations" "affinity" "podAnnotations" "podLabels" "priorityClassName" }}
{{- toYaml (mergeOverwrite (deepCopy $all) (deepCopy $own)) }}
{{- end }}

{{- define "salon.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "salon.secretName" -}}
{{ required "existingSecret: name the Secret with the key secret-key, see the README of the chart" .Values.existingSecret }}
{{- end }}

{{- define "salon.secretsPath" -}}/etc/salon/secrets{{- end }}

{{- /* Where the servers are. Empty: the Secret says it. */}}
{{- define "salon.databaseURL" -}}
{{- if .Values.database.url }}{{ .Values.database.url }}
{{- else if .Values.database.cluster.enabled }}postgres://{{ include "salon.name" . }}-postgres-rw:5432/salon?sslmode=require
{{- end }}
{{- end }}

{{- define "salon.redisURL" -}}
{{- if .Values.redis.url }}{{ .Values.redis.url }}
{{- else if .Values.redis.bundled.enabled }}redis://{{ include "salon.name" . }}-redis:6379
{{- end }}
{{- end }}

{{- /* The keys of the Secret that a process of `salon serve` gets as files, as a list in JSON. Takes the root and
     the component. */}}
{{- define "salon.secretKeys" -}}
{{- $v := .root.Values }}
{{- $keys := list "secret-key" }}
{{- if $v.derivedSecrets }}{{ $keys = list (printf "derived-%s" .component) }}
{{- else if $v.previousSecretKey }}{{ $keys = append $keys "secret-key-previous" }}
{{- end }}
{{- if and (ne .component "gateway") (not (include "salon.databaseURL" .root)) }}{{ $keys = append $keys "database-url" }}{{ end }}
{{- if not $v.nats.url }}{{ $keys = append $keys "nats-url" }}{{ end }}
{{- if not (include "salon.redisURL" .root) }}{{ $keys = append $keys "redis-url" }}{{ end }}
{{- toJson $keys }}
{{- end }}

{{- /* A volume with keys of the Secret. Takes the root and the keys. */}}
{{- define "salon.secretVolume" -}}
- name: secrets
  secret:
    secretName: {{ include "salon.secretName" .root }}
    defaultMode: 0440
    items:
      {{- range .keys }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
{{- end }}

{{- /* Nine tenths of a memory limit in Mi or Gi, for the Go runtime; nothing for other units. */}}
{{- define "salon.goMemLimit" -}}
{{- $limit := toString . }}
{{- if hasSuffix "Gi" $limit }}{{ div (mul (int (trimSuffix "Gi" $limit)) 1024 9) 10 }}MiB
{{- else if hasSuffix "Mi" $limit }}{{ div (mul (int (trimSuffix "Mi" $limit)) 9) 10 }}MiB
{{- end }}
{{- end }}

{{- /* What every pod has besides its containers. */}}
{{- define "salon.podBasics" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.serviceAccountName }}
serviceAccountName: {{ . }}
{{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- end }}
