using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.PodControl;
using Petrel.Model;

namespace Petrel.Controllers.Tests.PodControl;

public sealed class ExpectationsTests
{
    private readonly Expectations<V1Pod> _expectations = new();

    [Fact]
    public void A_write_is_pending_until_its_outcome_is_known()
    {
        _expectations.Expect(Owner("a"), WriteVerb.Create, Pod("2"));
        _expectations.Expect(Owner("a"), WriteVerb.Create, Pod("1"));
        _expectations.Expect(Owner("a"), WriteVerb.Delete, Pod("1"));
        Assert.Equal(["1", "2"], Pending(Owner("a"), WriteVerb.Create));
        Assert.Equal(["1"], Pending(Owner("a"), WriteVerb.Delete));

        _expectations.Observe(Owner("a"), WriteVerb.Create, Pod("1"));
        _expectations.Observe(Owner("a"), WriteVerb.Create, Pod("2"));
        Assert.Empty(Pending(Owner("a"), WriteVerb.Create));
        Assert.False(_expectations.AreFulfilled(Owner("a")));

        _expectations.Observe(Owner("a"), WriteVerb.Delete, Pod("1"));
        Assert.True(_expectations.AreFulfilled(Owner("a")));
    }

    [Fact]
    public void An_owner_that_was_created_anew_has_no_pending_writes()
    {
        _expectations.Expect(Owner("a", "old"), WriteVerb.Delete, Pod("1"));
        Assert.True(_expectations.AreFulfilled(Owner("a", "new")));

        _expectations.Expect(Owner("a", "new"), WriteVerb.Delete, Pod("2"));
        Assert.Equal(["2"], Pending(Owner("a", "new"), WriteVerb.Delete));
    }

    [Fact]
    public void A_forgotten_owner_has_no_pending_writes()
    {
        _expectations.Expect(Owner("a"), WriteVerb.Update, Pod("1"));
        _expectations.Expect(Owner("b"), WriteVerb.Update, Pod("1"));
        _expectations.Forget(new ObjectKey("default", "a"));
        Assert.True(_expectations.AreFulfilled(Owner("a")));
        Assert.False(_expectations.AreFulfilled(Owner("b")));
    }

    private IEnumerable<string> Pending(V1ReplicaSet owner, WriteVerb verb) =>
        _expectations.Pending(owner, verb).Select(p => p.Metadata.Name);

    private static V1ReplicaSet Owner(string name, string uid = "uid") =>
        new()
        {
            Metadata = new()
            {
                Name = name,
                NamespaceProperty = "default",
                Uid = uid,
            },
        };

    private static V1Pod Pod(string name) =>
        new()
        {
            Metadata = new() { Name = name, NamespaceProperty = "default" },
        };
}
