{{- /* The settings of `salon serve`. Takes the root, the component, its settings and whether it has TLS. */}}
{{- define "salon.serveEnv" -}}
{{- $v := .root.Values }}
{{- $name := include "salon.name" .root }}
{{- $path := include "salon.secretsPath" .root }}
{{- $gateway := has .component (list "all" "gateway") }}
{{- if $v.derivedSecrets }}
- {name: SALON_DERIVED_SECRETS, value: "file:{{ $path }}/derived-{{ .component }}"}
{{- else }}
- {name: SALON_SECRET_KEY, value: "file:{{ $path }}/secret-key"}
{{- if $v.previousSecretKey }}
- {name: SALON_SECRET_KEY_PREVIOUS, value: "file:{{ $path }}/secret-key-previous"}
{{- end }}
{{- end }}
{{- if ne .component "gateway" }}
- {name: SALON_DATABASE_URL, value: {{ include "salon.databaseURL" .root | default (printf "file:%s/database-url" $path) | quote }}}
- {name: SALON_DATABASE_MAX_CONNS, value: {{ int $v.database.maxConns | quote }}}
{{- end }}
- {name: SALON_NATS_URL, value: {{ $v.nats.url | default (printf "file:%s/nats-url" $path) | quote }}}
- {name: SALON_NATS_REPLICAS, value: {{ int $v.nats.replicas | quote }}}
- {name: SALON_REDIS_URL, value: {{ include "salon.redisURL" .root | default (printf "file:%s/redis-url" $path) | quote }}}
- {name: SALON_INTERNAL_ADDR, value: ":9091"}
{{- if ne .component "all" }}
- {name: SALON_RPC_ADDR, value: ":9100"}
{{- range list "user" "appointment" "rating" "notification" }}
- {name: SALON_{{ upper . }}_TARGET, value: "{{ $name }}-{{ . }}:9100"}
{{- end }}
{{- end }}
{{- if $gateway }}
- {name: SALON_HTTP_ADDR, value: ":8080"}
- {name: SALON_GRPC_ADDR, value: ":9090"}
- {name: SALON_REQUEST_TIMEOUT, value: "{{ int $v.gateway.requestTimeoutSeconds }}s"}
{{- with $v.gateway.corsOrigins }}
- {name: SALON_CORS_ORIGINS, value: {{ join "," . | quote }}}
{{- end }}
{{- with $v.gateway.trustedProxies }}
- {name: SALON_TRUSTED_PROXIES, value: {{ join "," . | quote }}}
{{- end }}
{{- if .tls }}
- {name: SALON_TLS_CERT, value: /etc/salon/tls/tls.crt}
- {name: SALON_TLS_KEY, value: /etc/salon/tls/tls.key}
{{- end }}
{{- end }}
- {name: SALON_LOG_LEVEL, value: {{ $v.log.level | quote }}}
- {name: SALON_STOP_DELAY, value: "{{ int $v.stopDelaySeconds }}s"}
- {name: SALON_DRAIN_TIME, value: "{{ int $v.drainSeconds }}s"}
{{- with include "salon.goMemLimit" (dig "limits" "memory" "" .settings.resources) }}
- {name: GOMEMLIMIT, value: {{ . }}}
{{- end }}
{{- range $key, $value := $v.extraEnv }}
- {name: {{ $key }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}
