using System.Net;

namespace Migration.Controllers.Admission;

/// <summary>Where admission webhooks are served, and where the API server finds them.</summary>
/// <param name="Url">Null: behind the Service of our namespace.</param>
public sealed record WebhookOptions(IPEndPoint Listen, Uri? Url);
