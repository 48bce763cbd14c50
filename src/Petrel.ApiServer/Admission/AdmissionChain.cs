namespace Petrel.ApiServer.Admission;

/// <summary>All admission plugins, in upstream's order.</summary>
internal sealed class AdmissionChain(ServerParts parts)
{
    private readonly IAdmissionPlugin[] _plugins =
    [
        new NamespaceLifecycle(parts),
        new PodAdmission(parts.Options),
    ];

    /// <summary>The mutating stage.</summary>
    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (var plugin in _plugins)
        {
            if (plugin.Handles(request))
            {
                await plugin.AdmitAsync(request, cancellationToken);
            }
        }
    }

    /// <summary>The validating stage.</summary>
    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (var plugin in _plugins)
        {
            if (plugin.Handles(request))
            {
                await plugin.ValidateAsync(request, cancellationToken);
            }
        }
    }
}
