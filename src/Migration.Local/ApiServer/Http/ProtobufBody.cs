using System.Text;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>
/// Reads the protobuf form of the kinds that kubectl's typed commands send in nothing else (<c>create namespace</c>, <c>create configmap</c>,
/// <c>auth can-i</c>, <c>drain</c> …). Answers are always JSON, which they accept. Everything else is sent as JSON by every client we know.
/// </summary>
internal static class ProtobufBody
{
    private const int MaxDepth = 32;

    /// <summary>
    /// Kubernetes' generated.proto, as far as needed: message, then number:name:type. [] repeats, {} is a map from texts; a trailing ? marks a
    /// field whose zero means something. Other zeros are left out, as they are in JSON.
    /// </summary>
    private const string Descriptors = """
        ObjectMeta 1:name:string 2:generateName:string 3:namespace:string 5:uid:string 6:resourceVersion:string 7:generation:int 8:creationTimestamp:time 11:labels:{}string 12:annotations:{}string 13:ownerReferences:[]OwnerReference 14:finalizers:[]string
        OwnerReference 1:kind:string 3:name:string 4:uid:string 5:apiVersion:string 6:controller:bool? 7:blockOwnerDeletion:bool?
        Namespace 1:metadata:ObjectMeta 2:spec:NamespaceSpec
        NamespaceSpec 1:finalizers:[]string
        ConfigMap 1:metadata:ObjectMeta 2:data:{}string 3:binaryData:{}bytes 4:immutable:bool?
        Secret 1:metadata:ObjectMeta 2:data:{}bytes 3:type:string 4:stringData:{}string 5:immutable:bool?
        ServiceAccount 1:metadata:ObjectMeta 2:secrets:[]ObjectReference 3:imagePullSecrets:[]LocalReference 4:automountServiceAccountToken:bool?
        ObjectReference 1:kind:string 2:namespace:string 3:name:string 4:uid:string 5:apiVersion:string 6:resourceVersion:string 7:fieldPath:string
        LocalReference 1:name:string
        Service 1:metadata:ObjectMeta 2:spec:ServiceSpec
        ServiceSpec 1:ports:[]ServicePort 2:selector:{}string 3:clusterIP:string 4:type:string 5:externalIPs:[]string 7:sessionAffinity:string 8:loadBalancerIP:string 9:loadBalancerSourceRanges:[]string 10:externalName:string 11:externalTrafficPolicy:string 13:publishNotReadyAddresses:bool 17:ipFamilyPolicy:string 18:clusterIPs:[]string 19:ipFamilies:[]string 22:internalTrafficPolicy:string
        ServicePort 1:name:string 2:protocol:string 3:port:int 4:targetPort:intstr 5:nodePort:int 6:appProtocol:string
        Role 1:metadata:ObjectMeta 2:rules:[]PolicyRule
        ClusterRole 1:metadata:ObjectMeta 2:rules:[]PolicyRule 3:aggregationRule:AggregationRule
        AggregationRule 1:clusterRoleSelectors:[]LabelSelector
        PolicyRule 1:verbs:[]string 2:apiGroups:[]string 3:resources:[]string 4:resourceNames:[]string 5:nonResourceURLs:[]string
        RoleBinding 1:metadata:ObjectMeta 2:subjects:[]Subject 3:roleRef:RoleRef
        ClusterRoleBinding 1:metadata:ObjectMeta 2:subjects:[]Subject 3:roleRef:RoleRef
        Subject 1:kind:string 2:apiGroup:string 3:name:string 4:namespace:string
        RoleRef 1:apiGroup:string 2:kind:string 3:name:string
        LabelSelector 1:matchLabels:{}string 2:matchExpressions:[]LabelRequirement
        LabelRequirement 1:key:string 2:operator:string 3:values:[]string
        ResourceQuota 1:metadata:ObjectMeta 2:spec:ResourceQuotaSpec
        ResourceQuotaSpec 1:hard:{}quantity 2:scopes:[]string
        PriorityClass 1:metadata:ObjectMeta 2:value:int? 3:globalDefault:bool 4:description:string 5:preemptionPolicy:string
        PodDisruptionBudget 1:metadata:ObjectMeta 2:spec:PodDisruptionBudgetSpec
        PodDisruptionBudgetSpec 1:minAvailable:intstr 2:selector:LabelSelector 3:maxUnavailable:intstr
        Eviction 1:metadata:ObjectMeta 2:deleteOptions:DeleteOptions
        DeleteOptions 1:gracePeriodSeconds:int? 2:preconditions:Preconditions 3:orphanDependents:bool? 4:propagationPolicy:string 5:dryRun:[]string
        Preconditions 1:uid:string 2:resourceVersion:string
        SelfSubjectAccessReview 1:metadata:ObjectMeta 2:spec:AccessReviewSpec
        AccessReviewSpec 1:resourceAttributes:ResourceAttributes 2:nonResourceAttributes:NonResourceAttributes
        ResourceAttributes 1:namespace:string 2:verb:string 3:group:string 4:version:string 5:resource:string 6:subresource:string 7:name:string
        NonResourceAttributes 1:path:string 2:verb:string
        SubjectAccessReview 1:metadata:ObjectMeta 2:spec:SubjectAccessReviewSpec
        LocalSubjectAccessReview 1:metadata:ObjectMeta 2:spec:SubjectAccessReviewSpec
        SubjectAccessReviewSpec 1:resourceAttributes:ResourceAttributes 2:nonResourceAttributes:NonResourceAttributes 3:user:string 4:groups:[]string 6:uid:string
        SelfSubjectRulesReview 1:metadata:ObjectMeta 2:spec:RulesReviewSpec
        RulesReviewSpec 1:namespace:string
        SelfSubjectReview 1:metadata:ObjectMeta
        TokenRequest 1:metadata:ObjectMeta 2:spec:TokenRequestSpec
        TokenRequestSpec 1:audiences:[]string 3:boundObjectRef:BoundObjectReference 4:expirationSeconds:int?
        BoundObjectReference 1:kind:string 2:apiVersion:string 3:name:string 4:uid:string
        TokenReview 1:metadata:ObjectMeta 2:spec:TokenReviewSpec
        TokenReviewSpec 1:token:string 2:audiences:[]string
        """;

    private static readonly Dictionary<string, Dictionary<int, Field>> Messages = Descriptors
        .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split(' '))
        .ToDictionary(words => words[0], words => words.Skip(1).Select(Field.Read).ToDictionary(f => f.Number), StringComparer.Ordinal);

    /// <exception cref="ApiException">400 when the bytes are broken, 415 when the kind is not known in this form.</exception>
    public static JsonObject Read(ReadOnlySpan<byte> body)
    {
        if (!body.StartsWith("k8s\0"u8))
            throw Broken("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
        var (apiVersion, kind, raw) = Envelope(body[4..]);
        if (!Messages.ContainsKey(kind))
            throw ApiException.UnsupportedMediaType("application/json, application/yaml");
        var tree = Message(raw, kind, 0);
        (tree["apiVersion"], tree["kind"]) = (apiVersion, kind);
        return tree;
    }

    private static (string ApiVersion, string Kind, byte[] Raw) Envelope(ReadOnlySpan<byte> bytes)
    {
        var (apiVersion, kind, raw) = ("", "", Array.Empty<byte>());
        var reader = new Reader(bytes);
        while (reader.Next(out var number, out var wire))
        {
            switch (number, wire)
            {
                case (1, 2):
                    var meta = new Reader(reader.Bytes());
                    while (meta.Next(out var part, out var kindOfPart))
                    {
                        if (part == 1 && kindOfPart == 2)
                            apiVersion = Encoding.UTF8.GetString(meta.Bytes());
                        else if (part == 2 && kindOfPart == 2)
                            kind = Encoding.UTF8.GetString(meta.Bytes());
                        else
                            meta.Skip(kindOfPart);
                    }
                    break;
                case (2, 2):
                    raw = reader.Bytes().ToArray();
                    break;
                default:
                    reader.Skip(wire);
                    break;
            }
        }
        return (apiVersion, kind, raw);
    }

    private static JsonObject Message(ReadOnlySpan<byte> bytes, string type, int depth)
    {
        if (depth > MaxDepth)
            throw Broken("nested too deeply");
        var tree = new JsonObject();
        var fields = Messages[type];
        var reader = new Reader(bytes);
        while (reader.Next(out var number, out var wire))
        {
            if (!fields.TryGetValue(number, out var field))
            {
                reader.Skip(wire);
                continue;
            }
            var value = wire == 0 ? Scalar(reader.Variable(), field) : wire == 2 ? Value(reader.Bytes(), field, depth) : throw Broken($"wire type {wire}");
            Put(tree, field, value);
        }
        return tree;
    }

    private static void Put(JsonObject tree, Field field, JsonNode? value)
    {
        if (field.IsMap && value is JsonObject entry)
            tree.Child(field.Name)[entry.TextAt("key") ?? ""] = entry["value"]?.DeepClone();
        else if (field.IsList)
            (tree[field.Name] as JsonArray ?? Added(tree, field.Name)).Add(value);
        else if (value is not null)
            tree[field.Name] = value;
    }

    private static JsonArray Added(JsonObject tree, string name)
    {
        var list = new JsonArray();
        tree[name] = list;
        return list;
    }

    private static JsonNode? Scalar(ulong value, Field field) =>
        value == 0 && !field.KeepsZero ? null : field.Type == "bool" ? JsonValue.Create(value != 0) : JsonValue.Create((long)value);

    private static JsonNode? Value(ReadOnlySpan<byte> bytes, Field field, int depth)
    {
        if (field.IsMap)
            return MapEntry(bytes, field, depth);
        switch (field.Type)
        {
            case "string":
                return bytes.Length == 0 && !field.IsList ? null : Encoding.UTF8.GetString(bytes);
            case "bytes":
                return Convert.ToBase64String(bytes);
            case "quantity":
                return First(bytes, 1);
            case "time":
                var seconds = Number(bytes, 1);
                return seconds == 0 ? null : Timestamps.Format(DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, 0, 253402300799)));
            case "intstr":
                return Number(bytes, 1) == 0 ? JsonValue.Create(Number(bytes, 2)) : First(bytes, 3);
            default:
                var nested = Message(bytes, field.Type, depth + 1);
                return nested.Count == 0 && !field.IsList ? null : nested;
        }
    }

    private static JsonObject MapEntry(ReadOnlySpan<byte> bytes, Field field, int depth)
    {
        var entry = new JsonObject { ["key"] = "", ["value"] = "" };
        var reader = new Reader(bytes);
        while (reader.Next(out var number, out var wire))
        {
            if (wire != 2)
                reader.Skip(wire);
            else if (number == 1)
                entry["key"] = Encoding.UTF8.GetString(reader.Bytes());
            else
                entry["value"] = Value(reader.Bytes(), new Field(2, "value", field.Type, true, false, true), depth);
        }
        return entry;
    }

    private static string First(ReadOnlySpan<byte> bytes, int wanted)
    {
        var reader = new Reader(bytes);
        while (reader.Next(out var number, out var wire))
        {
            if (number == wanted && wire == 2)
                return Encoding.UTF8.GetString(reader.Bytes());
            reader.Skip(wire);
        }
        return "";
    }

    private static long Number(ReadOnlySpan<byte> bytes, int wanted)
    {
        var reader = new Reader(bytes);
        while (reader.Next(out var number, out var wire))
        {
            if (number == wanted && wire == 0)
                return (long)reader.Variable();
            reader.Skip(wire);
        }
        return 0;
    }

    private static ApiException Broken(string why) => ApiException.BadRequest($"error decoding protobuf: {why}");

    private sealed record Field(int Number, string Name, string Type, bool IsList, bool IsMap, bool KeepsZero)
    {
        public static Field Read(string text)
        {
            var parts = text.Split(':');
            var type = parts[2];
            return new Field(int.Parse(parts[0]), parts[1], type.Trim('[', ']', '{', '}', '?'), type.StartsWith('['), type.StartsWith('{'), type.EndsWith('?'));
        }
    }

    private ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public bool Next(out int number, out int wire)
        {
            (number, wire) = (0, 0);
            if (_rest.IsEmpty)
                return false;
            var tag = Variable();
            (number, wire) = ((int)(tag >> 3), (int)(tag & 7));
            return true;
        }

        public ulong Variable()
        {
            ulong value = 0;
            for (var shift = 0; shift < 64; shift += 7)
            {
                if (_rest.IsEmpty)
                    throw Broken("unexpected EOF");
                var next = _rest[0];
                _rest = _rest[1..];
                value |= (ulong)(next & 0x7f) << shift;
                if (next < 0x80)
                    return value;
            }
            throw Broken("integer overflow");
        }

        public ReadOnlySpan<byte> Bytes()
        {
            var length = Variable();
            if (length > (ulong)_rest.Length)
                throw Broken("unexpected EOF");
            var value = _rest[..(int)length];
            _rest = _rest[(int)length..];
            return value;
        }

        public void Skip(int wire)
        {
            switch (wire)
            {
                case 0: Variable(); break;
                case 2: Bytes(); break;
                case 1: Fixed(8); break;
                case 5: Fixed(4); break;
                default: throw Broken($"wire type {wire}");
            }
        }

        private void Fixed(int length) => _rest = _rest.Length >= length ? _rest[length..] : throw Broken("unexpected EOF");
    }
}
