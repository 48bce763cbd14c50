namespace Petrel.ApiServer.Admission;

/// <summary>Runs the admission plugins, in the order of their list (<c>Composition/AdmissionPlugins.cs</c>).</summary>
internal sealed class AdmissionChain(IReadOnlyList<IAdmissionPlugin> plugins)
{
    private readonly IAdmissionPlugin[] _plugins = [.. plugins];

    /// <summary>
    /// The mutating stage. It runs a second time when webhooks changed the object, so that all plugins see their changes.
    /// </summary>
    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        await AdmitOnceAsync(request, cancellationToken);
        if (request.Webhooks is { NeedsSecond: true } rounds)
        {
            rounds.BeginSecond();
            await AdmitOnceAsync(request, cancellationToken);
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

    private async ValueTask AdmitOnceAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (var plugin in _plugins)
        {
            if (plugin.Handles(request))
            {
                await plugin.AdmitAsync(request, cancellationToken);
            }
        }
    }
}
