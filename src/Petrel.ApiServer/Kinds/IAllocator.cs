using System.Text.Json.Nodes;
using Petrel.ApiServer.Errors;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Store;

namespace Petrel.ApiServer.Kinds;

/// <summary>What an allocator works with.</summary>
/// <param name="Store">The store, which holds what is allocated.</param>
/// <param name="Options">The ranges to allocate from.</param>
/// <param name="Entropy">Where the search for a free value begins.</param>
public sealed record AllocationContext(IRevisionedStore Store, ApiServerOptions Options, IEntropy Entropy);

/// <summary>
/// Gives the objects of a kind values that no two objects may share. Each value is a key of its own in the store, committed in one batch
/// with its object.
/// </summary>
public interface IAllocator
{
    /// <summary>
    /// Completes an object that is created or changed (<paramref name="old"/> null: created) and returns the operations to commit with
    /// it. When another write takes a value meanwhile, the commit fails and the caller tries again.
    /// </summary>
    /// <exception cref="StatusException">The object asks for a value that it cannot have.</exception>
    ValueTask<IReadOnlyList<StoreOperation>> AllocateAsync(
        AllocationContext context,
        KindDefinition kind,
        ObjectKey key,
        JsonObject document,
        JsonObject? old,
        CancellationToken cancellationToken
    );

    /// <summary>The operations that release the values of a deleted object.</summary>
    ValueTask<IReadOnlyList<StoreOperation>> ReleaseAsync(
        AllocationContext context,
        ObjectKey key,
        JsonObject document,
        CancellationToken cancellationToken
    );
}
