using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Endpoints;

/// <summary>
/// Keeps the EndpointSlices of each Service with a selector: the addresses of its pods (upstream: endpointslice-controller).
/// </summary>
public sealed class EndpointSliceController : IController
{
    private const string ByService = "endpointslice-service";

    private readonly ControllerContext _context;
    private readonly ClusterCaches _caches;
    private readonly ControllerLoop _loop;
    private readonly ServiceEnqueuer _services;

    public EndpointSliceController(ControllerContext context)
    {
        _context = context;
        _caches = context.Caches;
        _loop = new(context, "endpointslice-controller", SyncAsync);
        _services = new(_caches);
        _caches.EndpointSlices.AddIndex(ByService, s => ServiceOf(s) is { } service ? [service.ToString()] : []);

        _loop.Watch(_caches.Services, _services.KeysOf);
        _loop.Watch(_caches.Pods, _services.KeysOf);
        _loop.Watch(_caches.EndpointSlices, KeysOf);
        _loop.Watch(_caches.Nodes, KeysOf);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private static IEnumerable<ObjectKey> KeysOf(CacheChange<V1EndpointSlice> change) =>
        new[] { change.Old, change.New }.OfType<V1EndpointSlice>().Select(ServiceOf).OfType<ObjectKey>();

    // Endpoints show two things of a node: that it exists, and its zone.
    private IEnumerable<ObjectKey> KeysOf(CacheChange<V1Node> change) =>
        change is { Old: { } old, New: { } node } && PodEndpoint.ZoneOf(old) == PodEndpoint.ZoneOf(node)
            ? []
            : _caches.Pods.OnNode(change.Latest.Metadata.Name).SelectMany(pod => _services.KeysOf(new CacheChange<V1Pod>(null, pod)));

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var slices = _caches.EndpointSlices.ByIndex(ByService, key.ToString());
        if (_caches.Services.Get(key) is not { } service)
        {
            await RemoveAsync(key, slices, cancellationToken);
            return null;
        }
        var plan = EndpointSlicePlan.Compute(service, _services.PodsOf(key), slices, node => _caches.Nodes.Get(new("", node)));
        try
        {
            await ApplyAsync(plan, cancellationToken);
        }
        catch (ApiException e)
            when (e.StatusCode == 403 && _caches.Namespaces.Get(new("", key.Namespace)) is { Metadata.DeletionTimestamp: not null })
        {
            // Nothing can be created in a namespace that is being deleted.
        }
        catch (Exception e) when (e is IOException or ApiException { IsConflict: false, IsNotFound: false })
        {
            _loop.Events.Record(
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
        var written = 0UL;
        try
        {
            foreach (var slice in plan.Create)
            {
                written = Math.Max(written, (await _context.Client.CreateAsync(slice, cancellationToken)).Revision());
            }
            foreach (var slice in plan.Update)
            {
                written = Math.Max(written, (await _context.Client.UpdateAsync(slice, cancellationToken)).Revision());
            }
        }
        finally
        {
            // Also after a failure: otherwise the next plan would write the same endpoints again.
            await _caches.EndpointSlices.WaitForRevisionAsync(written, cancellationToken);
        }
        foreach (var slice in plan.Delete)
        {
            await DeleteAsync(slice, cancellationToken);
        }
    }

    // Removes the slices of a Service that is gone. The cache of Services may lag behind that of slices: so the API is asked.
    private async ValueTask RemoveAsync(ObjectKey key, IEnumerable<V1EndpointSlice> slices, CancellationToken cancellationToken)
    {
        var owned = slices.Where(s => s.ControllerReference() is not null && s.Metadata.DeletionTimestamp is null).ToList();
        if (owned.Count == 0)
        {
            return;
        }
        var service = await _context.Client.FindAsync<V1Service>(key, cancellationToken);
        foreach (var slice in owned.Where(s => s.ControllerReference()!.Uid != service?.Metadata.Uid))
        {
            await DeleteAsync(slice, cancellationToken);
        }
    }

    private async ValueTask DeleteAsync(V1EndpointSlice slice, CancellationToken cancellationToken)
    {
        var options = new V1DeleteOptions { Preconditions = new() { Uid = slice.Metadata.Uid } };
        await _context.Client.DeleteAsync<V1EndpointSlice>(slice.Key(), options, cancellationToken);
        await _caches.EndpointSlices.WaitForDeletionAsync(slice, cancellationToken);
    }

    private static ObjectKey? ServiceOf(V1EndpointSlice slice) =>
        EndpointSliceLabels.ServiceOf(slice) is { } name ? new ObjectKey(slice.Metadata.NamespaceProperty, name) : null;
}
