using System.Collections;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Kubernetes.Tests;

public sealed class ObjectsTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Every record of ours that is part of an object.</summary>
    public static TheoryData<Type> Records() =>
        [.. typeof(OpenRecord).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(OpenRecord)) && !type.IsAbstract).OrderBy(type => type.Name)];

    [Theory]
    [MemberData(nameof(Records))]
    public void Everything_known_and_unknown_at_every_depth_survives_reading_editing_and_writing(Type type)
    {
        var json = KubernetesJson.Default.GetTypeInfo(type) ?? throw new InvalidOperationException($"{type.Name} is not part of KubernetesJson");
        var before = Sample(type, depth: 0);

        var item = (OpenRecord)before.Deserialize(json)!;
        var after = JsonSerializer.SerializeToNode(item with { }, json);

        Assert.True(JsonNode.DeepEquals(before, after), $"before: {before.ToJsonString()}\nafter:  {after!.ToJsonString()}");
    }

    [Theory]
    [MemberData(nameof(Records))]
    public void What_is_absent_stays_absent(Type type)
    {
        var json = KubernetesJson.Default.GetTypeInfo(type)!;

        var after = (JsonObject)JsonSerializer.SerializeToNode(JsonSerializer.Deserialize("{}", json), json)!;

        // Objects always have metadata; delete options say what they are.
        foreach (var always in (string[])["metadata", "apiVersion", "kind"])
            if (type.IsSubclassOf(typeof(KubernetesObject)) || type == typeof(DeleteOptions))
                after.Remove(always);
        Assert.Equal("{}", after.ToJsonString());
    }

    [Fact]
    public void A_pod_as_a_real_server_writes_it_survives_an_edit_of_one_label()
    {
        var before = (JsonObject)JsonNode.Parse("""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-0","namespace":"web","uid":"0c9b","resourceVersion":"81234","generation":1,
             "creationTimestamp":"2026-02-03T04:05:06Z","labels":{"app":"web"},"generateName":"web-",
             "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web","uid":"77","controller":true,"blockOwnerDeletion":true}],
             "managedFields":[{"manager":"kubelet","operation":"Update","apiVersion":"v1","time":"2026-02-03T04:05:07Z","fieldsType":"FieldsV1","fieldsV1":{"f:status":{"f:phase":{}}},"subresource":"status"}]},
             "spec":{"containers":[{"name":"c","image":"nginx:1","resources":{"limits":{"cpu":"500m","memory":"1Gi"},"claims":[{"name":"gpu"}]},
               "livenessProbe":{"httpGet":{"path":"/","port":"http","scheme":"HTTP"},"periodSeconds":10},"lifecycle":{"preStop":{"sleep":{"seconds":3}}},
               "ports":[{"name":"http","containerPort":80,"protocol":"TCP"}],"volumeMounts":[{"name":"v","mountPath":"/v","readOnly":true,"recursiveReadOnly":"Enabled"}],
               "env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}},{"name":"B","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"}}}]}],
               "volumes":[{"name":"v","projected":{"defaultMode":420,"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}}]}},{"name":"e","emptyDir":{}}],
               "topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule"}],
               "tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],"preemptionPolicy":"PreemptLowerPriority"},
             "status":{"phase":"Running","hostIP":"10.0.0.1","hostIPs":[{"ip":"10.0.0.1"}],"podIP":"10.1.0.3","podIPs":[{"ip":"10.1.0.3"},{"ip":"fd00::3"}],"qosClass":"Burstable",
               "conditions":[{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-02-03T04:05:09Z","observedGeneration":1}],
               "containerStatuses":[{"name":"c","state":{"running":{"startedAt":"2026-02-03T04:05:08Z"}},"lastState":{},"ready":true,"restartCount":0,"image":"nginx:1","imageID":"i","containerID":"containerd://1","started":true,
                 "allocatedResources":{"cpu":"500m"},"volumeMounts":[{"name":"v","mountPath":"/v"}]}]}}
            """)!;

        var pod = Kinds.Pods.FromNode(before);
        var after = Kinds.Pods.ToNode(pod with { Metadata = pod.Metadata.WithLabel("new", "yes") });

        before["metadata"]!["labels"]!["new"] = "yes";
        // An explicit null means the same as an absent field.
        before["status"]!["conditions"]![0]!.AsObject().Remove("lastProbeTime");
        Assert.True(JsonNode.DeepEquals(before, after), after.ToJsonString());
        Assert.Equal("Running", pod.Status!.Phase);
        Assert.Equal(0.5m, pod.Spec!.Containers![0].Resources!.Limits!["cpu"].Amount);
    }

    [Fact]
    public void Micro_times_have_six_decimals_and_times_none()
    {
        var lease = Kinds.Leases.FromBytes("""{"spec":{"renewTime":"2026-03-01T12:00:00.123456789Z","acquireTime":"2026-03-01T14:00:00+02:00"}}"""u8);

        var spec = Kinds.Leases.ToNode(lease)["spec"]!;

        Assert.Equal(("2026-03-01T12:00:00.123456Z", "2026-03-01T12:00:00.000000Z"), ((string?)spec["renewTime"], (string?)spec["acquireTime"]));
        var meta = Kinds.Pods.ToNode(new Pod { Metadata = new ObjectMeta { CreationTimestamp = Now.AddMilliseconds(999).ToOffset(TimeSpan.FromHours(1)) } })["metadata"]!;
        Assert.Equal("2026-03-01T12:00:00Z", (string?)meta["creationTimestamp"]);
    }

    [Theory]
    [InlineData("\"yesterday\"")]
    [InlineData("7")]
    public void A_time_that_is_none_is_an_error_with_its_path(string time)
    {
        var error = Assert.Throws<JsonException>(() => Kinds.Pods.FromBytes(System.Text.Encoding.UTF8.GetBytes($$$"""{"metadata":{"creationTimestamp":{{{time}}}}}""")));

        Assert.Contains("is not an RFC 3339 time", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Same_ignores_the_order_of_fields_and_sees_unknown_ones()
    {
        Pod Read(string text) => Kinds.Pods.FromBytes(System.Text.Encoding.UTF8.GetBytes(text));
        var one = Read("""{"metadata":{"name":"a"},"x":{"p":1,"q":2}}""");

        Assert.True(Kinds.Pods.Same(one, Read("""{"x":{"q":2,"p":1},"kind":"Pod","metadata":{"name":"a"}}""")));
        Assert.False(Kinds.Pods.Same(one, Read("""{"metadata":{"name":"a"},"x":{"p":1,"q":3}}""")));
    }

    [Fact]
    public void Secrets_do_not_print_what_they_hold()
    {
        var secret = new Secret { Metadata = new ObjectMeta { Name = "s", Namespace = "web" }, Data = new Dictionary<string, string> { ["password"] = "aGVsbG8=" } };

        Assert.DoesNotContain("aGVsbG8", secret.ToString(), StringComparison.Ordinal);
        Assert.Equal("hello"u8.ToArray(), secret.Bytes("password"));
        Assert.Null(secret.Bytes("other"));
    }

    [Fact]
    public void A_conditions_transition_time_moves_only_with_its_status()
    {
        IReadOnlyList<Condition>? none = null;
        var first = none.With(new Condition { Type = "Ready", Status = "False", Reason = "Starting" }, Now);
        var second = first.With(new Condition { Type = "Ready", Status = "False", Reason = "StillStarting" }, Now.AddMinutes(1));
        var third = second.With(new Condition { Type = "Ready", Status = "True" }, Now.AddMinutes(2));

        Assert.Equal([Now, Now, Now.AddMinutes(2)], new[] { first, second, third }.Select(list => list.Find("Ready")!.LastTransitionTime!.Value));
        Assert.Equal("StillStarting", second.Find("Ready")!.Reason);
        Assert.Same(third, third.With(new Condition { Type = "Ready", Status = "True" }, Now.AddMinutes(3)));
        Assert.True(third.IsTrue("Ready"));
        Assert.False(none.IsTrue("Ready"));
        Assert.Empty(third.Without("Ready"));
    }

    [Fact]
    public void The_difference_of_two_objects_is_a_merge_patch()
    {
        var before = Kinds.Pods.FromBytes("""{"metadata":{"name":"a","resourceVersion":"7","labels":{"x":"1","y":"2"}},"odd":{"p":1},"spec":{"nodeName":"n"}}"""u8);
        var after = before with { Metadata = before.Metadata.WithoutLabel("x").WithLabel("z", "3"), Spec = null };

        var patch = Patch.Between(Kinds.Pods, before, after, onlyIfUnchanged: true)!;

        Assert.Equal("""{"spec":null,"metadata":{"labels":{"x":null,"z":"3"},"resourceVersion":"7"}}""", System.Text.Encoding.UTF8.GetString(patch.Body));
        Assert.Null(Patch.Between(Kinds.Pods, before, before with { }, onlyIfUnchanged: true));
    }

    [Theory]
    [InlineData("a/b~c", "a~1b~0c")]
    [InlineData("plain", "plain")]
    public void Names_in_json_pointers_are_escaped(string name, string escaped) => Assert.Equal(escaped, JsonOperation.Escape(name));

    [Theory]
    [InlineData(null, "Exists", null, null, true)]
    [InlineData(null, null, null, null, false)]
    [InlineData("k", "Exists", null, "NoSchedule", true)]
    [InlineData("k", null, "v", "NoSchedule", true)]
    [InlineData("k", "Equal", "w", null, false)]
    [InlineData("k", "Equal", "v", "NoExecute", false)]
    [InlineData("j", "Exists", null, null, false)]
    public void Tolerations_are_matched_as_the_scheduler_does(string? key, string? op, string? value, string? effect, bool expected) =>
        Assert.Equal(expected, new Toleration { Key = key, Operator = op, Value = value, Effect = effect }.Tolerates(new Taint { Key = "k", Value = "v", Effect = "NoSchedule" }));

    /// <summary>A JSON object with every property of the record set, and something unknown at every level.</summary>
    private static JsonObject Sample(Type type, int depth)
    {
        var sample = new JsonObject { ["x-unknown"] = JsonNode.Parse("""{"a":[1,{"b":null}],"c":"ü€😀","d":1.5e3}""") };
        var json = KubernetesJson.Default.GetTypeInfo(type)!;
        foreach (var property in json.Properties.Where(property => !property.IsExtensionData && property.Get is not null))
        {
            var instance = property.Set is null ? json.CreateObject?.Invoke() ?? JsonSerializer.Deserialize("{}", json) : null;
            sample[property.Name] = instance is not null ? JsonValue.Create((string)property.Get!(instance)!) : Value(property.PropertyType, property, depth);
        }
        return sample;
    }

    private static JsonNode? Value(Type type, System.Text.Json.Serialization.Metadata.JsonPropertyInfo property, int depth)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string))
            return property.Name + "-value";
        if (type == typeof(bool))
            return true;
        if (type == typeof(int) || type == typeof(long))
            return 42;
        if (type == typeof(Quantity))
            return "512Mi";
        if (type == typeof(JsonElement))
            return JsonNode.Parse("""[{"manager":"m"}]""");
        if (type == typeof(DateTimeOffset))
            return property.Name is "eventTime" or "acquireTime" or "renewTime" ? "2026-03-01T12:00:00.123456Z" : "2026-03-01T12:00:00Z";
        if (type.IsSubclassOf(typeof(OpenRecord)))
            return depth > 12 ? new JsonObject() : Sample(type, depth + 1);
        if (type.IsAssignableTo(typeof(IEnumerable)) && type.GenericTypeArguments is [var element])
            return new JsonArray(Value(element, property, depth), Value(element, property, depth));
        if (type.IsAssignableTo(typeof(IEnumerable)) && type.GenericTypeArguments is [_, var value])
            return new JsonObject { ["some.key/x"] = Value(value, property, depth) };
        throw new NotSupportedException($"the test knows no sample for {type}");
    }
}
