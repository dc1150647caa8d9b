namespace Migration.Local.ApiServer;

/// <summary>The roles that every cluster begins with, as far as somebody would miss them: what any known user may ask, and those to give to people.</summary>
internal static class DefaultRoles
{
    public const string Manifest = """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: cluster-admin}
        rules:
        - {apiGroups: ['*'], resources: ['*'], verbs: ['*']}
        - {nonResourceURLs: ['*'], verbs: ['*']}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: cluster-admin}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
        subjects:
        - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: 'system:masters'}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: 'system:discovery'}
        rules:
        - {nonResourceURLs: [/, /api, '/api/*', /apis, '/apis/*', /healthz, /livez, /openapi, '/openapi/*', /readyz, /version, /version/], verbs: [get]}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: 'system:discovery'}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: 'system:discovery'}
        subjects:
        - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: 'system:authenticated'}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: 'system:basic-user'}
        rules:
        - {apiGroups: [authorization.k8s.io], resources: [selfsubjectaccessreviews, selfsubjectrulesreviews], verbs: [create]}
        - {apiGroups: [authentication.k8s.io], resources: [selfsubjectreviews], verbs: [create]}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: 'system:basic-user'}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: 'system:basic-user'}
        subjects:
        - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: 'system:authenticated'}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: admin}
        aggregationRule:
          clusterRoleSelectors:
          - matchLabels: {rbac.authorization.k8s.io/aggregate-to-admin: 'true'}
          - matchLabels: {rbac.authorization.k8s.io/aggregate-to-edit: 'true'}
          - matchLabels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}
        rules:
        - {apiGroups: [rbac.authorization.k8s.io], resources: [roles, rolebindings], verbs: ['*']}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: edit}
        aggregationRule:
          clusterRoleSelectors:
          - matchLabels: {rbac.authorization.k8s.io/aggregate-to-edit: 'true'}
          - matchLabels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: view}
        aggregationRule:
          clusterRoleSelectors:
          - matchLabels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: 'system:aggregate-to-edit', labels: {rbac.authorization.k8s.io/aggregate-to-edit: 'true'}}
        rules:
        - apiGroups: ['']
          resources: [configmaps, endpoints, events, persistentvolumeclaims, pods, secrets, serviceaccounts, services]
          verbs: [create, delete, deletecollection, get, list, patch, update, watch]
        - {apiGroups: [''], resources: [pods/attach, pods/exec, pods/portforward, pods/proxy, services/proxy], verbs: [create, get]}
        - {apiGroups: [''], resources: [pods/eviction, serviceaccounts/token], verbs: [create]}
        - apiGroups: [apps, coordination.k8s.io, networking.k8s.io, policy]
          resources: ['*']
          verbs: [create, delete, deletecollection, get, list, patch, update, watch]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: 'system:aggregate-to-view', labels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}}
        rules:
        - apiGroups: ['']
          resources: [configmaps, endpoints, events, limitranges, namespaces, persistentvolumeclaims, pods, pods/log, pods/status, resourcequotas, serviceaccounts, services]
          verbs: [get, list, watch]
        - {apiGroups: [apps, discovery.k8s.io, networking.k8s.io, policy], resources: ['*'], verbs: [get, list, watch]}
        """;
}
