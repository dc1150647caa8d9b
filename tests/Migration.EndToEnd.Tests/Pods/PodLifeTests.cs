using System.Text.Json;

namespace Migration.EndToEnd.Tests.Pods;

/// <summary>What a kubelet does for pods: order, restarts, probes, environment, volumes, readiness gates.</summary>
[Collection(nameof(PodsCollection))]
public sealed class PodLifeTests(PodsCluster cluster)
{
    [Fact]
    public async Task Init_containers_come_first_and_containers_are_told_what_they_asked_for()
    {
        var space = await cluster.NewSpaceAsync();
        await space.RunAsync("create", "configmap", "settings", "--from-literal=colour=blue", "--from-literal=shape=round");
        await space.RunAsync("create", "secret", "generic", "keys", "--from-literal=password=hush");
        await space.ApplyAsync("""
            apiVersion: v1
            kind: Pod
            metadata: {name: told, labels: {app: told}}
            spec:
              restartPolicy: Never
              initContainers:
              - {name: first, image: busybox, command: [sh, -c, 'echo one > /run/work/order'], volumeMounts: [{name: work, mountPath: /run/work}], workingDir: /}
              - {name: second, image: busybox, command: [sh, -c, 'cat /run/work/order; echo two >> /run/work/order'], volumeMounts: [{name: work, mountPath: /run/work}]}
              containers:
              - name: main
                image: busybox
                command: [sh, -c, 'cat order; echo $COLOUR $PASSWORD $SHAPE $NAME $CPU $(WHO) $MINE; cat /run/all/shape /run/all/secret/password /run/all/labels; cat /run/one/colour']
                args: []
                workingDir: /run/work
                env:
                - {name: COLOUR, valueFrom: {configMapKeyRef: {name: settings, key: colour}}}
                - {name: PASSWORD, valueFrom: {secretKeyRef: {name: keys, key: password}}}
                - {name: MISSING, valueFrom: {secretKeyRef: {name: nothing, key: x, optional: true}}}
                - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
                - {name: CPU, valueFrom: {resourceFieldRef: {resource: requests.cpu, divisor: 1m}}}
                - {name: WHO, value: $(NAME)-$$x}
                - {name: MINE, value: '$(WHO)'}
                envFrom:
                - {configMapRef: {name: settings}, prefix: MAP_}
                resources: {requests: {cpu: 150m}}
                volumeMounts:
                - {name: work, mountPath: /run/work}
                - {name: all, mountPath: /run/all}
                - {name: one, mountPath: /run/one}
              volumes:
              - {name: work, emptyDir: {}}
              - {name: one, configMap: {name: settings, items: [{key: colour, path: colour}]}}
              - name: all
                projected:
                  sources:
                  - configMap: {name: settings}
                  - secret: {name: keys, items: [{key: password, path: secret/password}]}
                  - downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}
            """);

        await space.WaitAsync("pod/told", "jsonpath={.status.phase}=Succeeded");

        Assert.Equal("one\n", await space.RunAsync("logs", "told", "-c", "second"));
        Assert.Equal("one\ntwo\nblue hush told 150 told- told-$x\nroundhushapp=\"told\"blue", await space.RunAsync("logs", "told"));
    }

    [Fact]
    public async Task What_fails_is_started_again_after_a_while_and_its_earlier_log_is_kept()
    {
        var space = await cluster.NewSpaceAsync();
        await space.ApplyAsync("""
            apiVersion: v1
            kind: Pod
            metadata: {name: shaky}
            spec:
              terminationGracePeriodSeconds: 0
              containers:
              - {name: c, image: busybox, command: [sh, -c, 'echo run; sleep 300 & exit 3']}
            """);

        var pod = JsonDocument.Parse(await space.UntilAsync("it waits for its third run", text => text.Contains("CrashLoopBackOff", StringComparison.Ordinal), "get", "pod", "shaky", "-o", "json"));
        var status = pod.RootElement.GetProperty("status").GetProperty("containerStatuses")[0];
        Assert.True(status.GetProperty("restartCount").GetInt32() >= 1, status.ToString());
        Assert.Equal(3, status.GetProperty("lastState").GetProperty("terminated").GetProperty("exitCode").GetInt32());
        Assert.Equal("run\n", await space.RunAsync("logs", "shaky", "--previous"));
        Assert.Equal("run\n", await space.RunAsync("logs", "-f", "shaky"));
    }

    [Fact]
    public async Task Probes_decide_readiness_and_life()
    {
        var space = await cluster.NewSpaceAsync();
        var folder = Directory.CreateTempSubdirectory("pods-").FullName;
        await space.ApplyAsync($$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: probed}
            spec:
              terminationGracePeriodSeconds: 0
              containers:
              - name: web
                image: busybox
                command: [busybox, httpd, -f, -p, '8080', -h, {{folder}}]
                ports: [{name: http, containerPort: 8080}]
                startupProbe: {tcpSocket: {port: http}, periodSeconds: 1, failureThreshold: 60}
                readinessProbe: {httpGet: {port: http, path: /ready}, periodSeconds: 1, failureThreshold: 1}
                livenessProbe: {exec: {command: [sh, -c, 'test ! -e {{folder}}/dead']}, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 30}
            """);
        await space.WaitAsync("pod/probed", "jsonpath={.status.containerStatuses[0].started}=true");
        Assert.Equal("False", await space.RunAsync("get", "pod", "probed", "-o", "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}"));

        await File.WriteAllTextAsync(Path.Combine(folder, "ready"), "yes", TestContext.Current.CancellationToken);
        await space.WaitAsync("pod/probed", "condition=Ready");
        File.Delete(Path.Combine(folder, "ready"));
        await space.WaitAsync("pod/probed", "condition=Ready=False");

        await File.WriteAllTextAsync(Path.Combine(folder, "dead"), "yes", TestContext.Current.CancellationToken);
        await space.UntilAsync("it was started again", text => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) >= 1, "get", "pod", "probed", "-o", "jsonpath={.status.containerStatuses[0].restartCount}");
        Assert.Contains("Unhealthy", await space.RunAsync("get", "events"), StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_closed_gate_keeps_a_pod_unready_and_one_that_lacks_something_says_what()
    {
        var space = await cluster.NewSpaceAsync();
        await space.ApplyAsync("""
            apiVersion: v1
            kind: Pod
            metadata: {name: gated}
            spec:
              terminationGracePeriodSeconds: 0
              readinessGates: [{conditionType: example.com/open}]
              containers: [{name: c, image: busybox, command: [sleep, infinity]}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: lacking}
            spec:
              terminationGracePeriodSeconds: 0
              containers: [{name: c, image: busybox, command: [sleep, infinity], envFrom: [{configMapRef: {name: later}}]}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: huge}
            spec:
              containers: [{name: c, image: busybox, command: [sleep, infinity], resources: {requests: {memory: 900Ti, example.com/gadget: 1}}}]
            """);
        await space.WaitAsync("pod/gated", "condition=ContainersReady");
        Assert.Contains("readiness gate \\\"example.com/open\\\" does not exist", await space.RunAsync("get", "pod", "gated", "-o", "json"), StringComparison.Ordinal);
        await space.RunAsync("patch", "pod", "gated", "--subresource=status", "--type=strategic", "-p", """{"status":{"conditions":[{"type":"example.com/open","status":"True"}]}}""");
        await space.WaitAsync("pod/gated", "condition=Ready");

        await space.UntilAsync("it says what it lacks", text => text.Contains("configmap \\\"later\\\" not found", StringComparison.Ordinal), "get", "pod", "lacking", "-o", "json");
        await space.RunAsync("create", "configmap", "later", "--from-literal=a=b");
        await space.WaitAsync("pod/lacking", "condition=Ready");

        await space.UntilAsync("it says why no node will do", text => text == "0/2 nodes are available: 2 Insufficient example.com/gadget, 2 Insufficient memory.",
            "get", "pod", "huge", "-o", "jsonpath={.status.conditions[?(@.type==\"PodScheduled\")].message}");
    }
}
