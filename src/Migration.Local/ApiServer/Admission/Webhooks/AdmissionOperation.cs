namespace Migration.Local.ApiServer;

/// <summary>What a request does, as the rules of webhooks name it in capitals.</summary>
internal enum AdmissionOperation
{
    Create,
    Update,
    Delete,

    /// <summary>A connection to a pod: exec, attach, port-forward.</summary>
    Connect,
}
