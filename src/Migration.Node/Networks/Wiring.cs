namespace Migration.Node.Networks;

/// <summary>How a binding that joins the guest to the pod's own network is wired.</summary>
internal enum Wiring
{
    /// <summary>Two redirects; the pod NIC is not changed.</summary>
    Cable = 1,

    /// <summary>KubeVirt's bridge, with a stand-in for the pod NIC.</summary>
    Takeover,
}
