{{- define "menjin.labels" -}}
app.kubernetes.io/name: menjin
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
{{- define "menjin.chosen" -}}
app.kubernetes.io/name: menjin
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
