using System.Globalization;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Model;

namespace Petrel.Controllers.Endpoints;

/// <summary>
/// Keeps the EndpointSlices of each service with a selector: the addresses of its pods (upstream: endpointslice-controller).
/// </summary>
public sealed class EndpointSliceController : IController, IReconciler, IDisposable
{
    private const string ByService = "endpointslice-service";

    private readonly ControllerContext _context;
    private readonly EventRecorder _events;
    private readonly ILogger _logger;
    private readonly WorkQueue<ObjectKey> _queue;
    private readonly ServiceEnqueuer _services;

    public EndpointSliceController(ControllerContext context)
    {
        _context = context;
        _events = context.Events(Name);
        _logger = context.Logs.CreateLogger(Name);
        _queue = new(context.Time);
        _services = new(context.Caches, _queue);
        var caches = context.Caches;
        caches.EndpointSlices.AddIndex(ByService, s => ServiceOf(s) is { } service ? [service.ToString()] : []);
        caches.Services.OnChange(_services.OnService);
        caches.Pods.OnChange(_services.OnPod);
        caches.EndpointSlices.OnChange(OnSlice);
        caches.Nodes.OnChange(OnNode);
    }

    /// <inheritdoc/>
    public string Name => "endpointslice-controller";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        using (this)
        {
            await _context.Caches.WaitAsync(cancellationToken);
            await Loops.RunTogetherAsync(
                cancellationToken,
                _events.RunAsync,
                new ReconcilerHost(this, _queue, _logger, _context.Settings.Workers).RunAsync
            );
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    /// <summary>Works on one service.</summary>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var caches = _context.Caches;
        var slices = caches.EndpointSlices.ByIndex(ByService, key.ToString());
        if (caches.Services.Get(key) is not { } service)
        {
            await RemoveAsync(key, slices, cancellationToken);
            return null;
        }
        var plan = EndpointSlicePlan.Compute(service, _services.PodsOf(key), slices, node => caches.Nodes.Get(new("", node)));
        try
        {
            await ApplyAsync(plan, cancellationToken);
        }
        catch (ApiException e)
            when (e.StatusCode == 403 && caches.Namespaces.Get(new("", key.Namespace)) is { Metadata.DeletionTimestamp: not null })
        {
            // Nothing can be created in a namespace that ends.
        }
        catch (Exception e) when (e is IOException or ApiException { IsConflict: false, IsNotFound: false })
        {
            _events.Record(
                service,
                "Warning",
                "FailedToUpdateEndpointSlices",
                $"Error updating Endpoint Slices for Service {key}: {e.Message}"
            );
            throw;
        }
        return null;
    }

    private async ValueTask ApplyAsync(EndpointSlicePlan plan, CancellationToken cancellationToken)
    {
        var client = _context.Client;
        var cache = _context.Caches.EndpointSlices;
        var written = 0UL;
        try
        {
            foreach (var slice in plan.Create)
            {
                written = Math.Max(written, RevisionOf(await client.CreateAsync(slice, cancellationToken)));
            }
            foreach (var slice in plan.Update)
            {
                written = Math.Max(written, RevisionOf(await client.UpdateAsync(slice, cancellationToken)));
            }
        }
        finally
        {
            // Also after a failure: the next plan must see what was written before it, or it writes the same endpoints once more.
            await cache.WaitForRevisionAsync(written, cancellationToken);
        }
        foreach (var slice in plan.Delete)
        {
            await DeleteAsync(slice, cancellationToken);
        }
    }

    // The slices of a service that is gone. The cache of services may be behind that of slices, so the server has the last word.
    private async ValueTask RemoveAsync(ObjectKey key, IEnumerable<V1EndpointSlice> slices, CancellationToken cancellationToken)
    {
        var owned = slices.Where(s => OwnerOf(s) is not null && s.Metadata.DeletionTimestamp is null).ToList();
        if (owned.Count == 0)
        {
            return;
        }
        var service = await _context.Client.FindAsync<V1Service>(key, cancellationToken);
        foreach (var slice in owned.Where(s => OwnerOf(s) != service?.Metadata.Uid))
        {
            await DeleteAsync(slice, cancellationToken);
        }
    }

    private async ValueTask DeleteAsync(V1EndpointSlice slice, CancellationToken cancellationToken)
    {
        var key = ServiceEnqueuer.KeyOf(slice);
        var cache = _context.Caches.EndpointSlices;
        await _context.Client.DeleteAsync<V1EndpointSlice>(
            key,
            new() { Preconditions = new() { Uid = slice.Metadata.Uid } },
            cancellationToken
        );
        await cache.WaitUntilAsync(
            () => cache.Get(key) is not { } now || now.Metadata.Uid != slice.Metadata.Uid || now.Metadata.DeletionTimestamp is not null,
            cancellationToken
        );
    }

    private void OnSlice(CacheChange<V1EndpointSlice> change)
    {
        foreach (var slice in new[] { change.Old, change.New }.OfType<V1EndpointSlice>())
        {
            if (ServiceOf(slice) is { } service)
            {
                _queue.Add(service);
            }
        }
    }

    // Only what endpoints show of a node: that it is there, and its zone.
    private void OnNode(CacheChange<V1Node> change)
    {
        if (change is { Old: { } old, New: { } node } && PodEndpoint.ZoneOf(old) == PodEndpoint.ZoneOf(node))
        {
            return;
        }
        foreach (var pod in _context.Caches.Pods.OnNode(change.Latest.Metadata.Name))
        {
            _services.OnPod(new(null, pod));
        }
    }

    private static string? OwnerOf(V1EndpointSlice slice) => slice.Metadata.OwnerReferences?.FirstOrDefault(o => o.Controller == true)?.Uid;

    private static ObjectKey? ServiceOf(V1EndpointSlice slice) =>
        EndpointSliceLabels.ServiceOf(slice) is { } name ? new ObjectKey(slice.Metadata.NamespaceProperty, name) : null;

    private static ulong RevisionOf(V1EndpointSlice slice) => ulong.Parse(slice.Metadata.ResourceVersion, CultureInfo.InvariantCulture);
}
