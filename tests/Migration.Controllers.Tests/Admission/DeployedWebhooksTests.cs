using System.Text.Json.Nodes;
using Migration.Controllers.Admission;
using Migration.Controllers.Evacuation;
using Migration.Controllers.Tests.Lab;
using Microsoft.Extensions.Logging.Abstractions;
using Migration.Kubernetes;

namespace Migration.Controllers.Tests.Admission;

/// <summary>deploy/controllers/webhooks.yaml is what the controllers themselves would write, so that they and kubectl apply do not undo each other's work.</summary>
public sealed class DeployedWebhooksTests
{
    [Fact]
    public async Task What_is_deployed_is_what_controllers_write()
    {
        await using var lab = await ControllerLab.StartAsync();
        await lab.KubectlAsync("--namespace", "migration-system", "apply", "-f", Path.Combine(ControllerLab.Deployed("controllers"), "webhooks.yaml"));
        await using var events = new EventRecorder(lab.Client, "test", "test", NullLogger<EventRecorder>.Instance);
        var evictions = new EvictionReview(lab.Client, "None", events, NullLogger<EvictionReview>.Instance);
        AdmissionEndpoint[] endpoints = [.. AdmissionEndpoints.All(lab.Client, "None"), evictions.Endpoint];

        foreach (var (kind, isMutating) in new[] { (WebhookConfigurations.Mutating, true), (WebhookConfigurations.Validating, false) })
        {
            var deployed = await lab.Client.For(kind).GetAsync(ObjectKey.Of("migration"), TestContext.Current.CancellationToken);
            var wanted = WebhookConfigurations.Webhooks(endpoints, isMutating, "migration-system", url: null, authorities: null);
            foreach (var webhook in wanted)
                (webhook!["namespaceSelector"], webhook["objectSelector"]) = (new JsonObject(), new JsonObject());

            var found = JsonNode.Parse(deployed.Unknown!["webhooks"].GetRawText());
            Assert.True(JsonNode.DeepEquals(wanted, found), $"deployed:\n{found}\nwanted:\n{wanted}");
        }
    }
}
