using System.Collections;
using System.Reflection;
using System.Text.Json;
using k8s;
using k8s.Models;

namespace Petrel.Client.Tests;

public sealed class ObjectExtensionsTests
{
    [Fact]
    public void Keys_and_revisions_of_typed_objects_and_documents()
    {
        var pod = new V1Pod
        {
            Metadata = new()
            {
                NamespaceProperty = "team",
                Name = "web",
                ResourceVersion = "18446744073709551615",
            },
        };
        Assert.Equal(new("team", "web"), pod.Key());
        Assert.Equal(ulong.MaxValue, pod.Revision());
        Assert.Equal(new("", "n1"), new V1Node { Metadata = new() { Name = "n1" } }.Key());

        using var document = JsonDocument.Parse("""{"metadata":{"namespace":"team","name":"web","resourceVersion":"7"}}""");
        Assert.Equal(new("team", "web"), document.RootElement.ObjectKey());
        Assert.Equal(7UL, document.RootElement.ObjectRevision());
        using var node = JsonDocument.Parse("""{"metadata":{"name":"n1","resourceVersion":"7"}}""");
        Assert.Equal(new("", "n1"), node.RootElement.ObjectKey());
    }

    /// <summary>Every kind that the client library knows, with every field set.</summary>
    public static TheoryData<string> Kinds() =>
        [
            .. typeof(V1Pod)
                .Assembly.GetTypes()
                .Where(t => t.IsAssignableTo(typeof(IKubernetesObject<V1ObjectMeta>)) && t is { IsAbstract: false, IsGenericType: false })
                .Select(t => t.FullName!)
                .Order(StringComparer.Ordinal),
        ];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_deep_copy_says_the_same_and_shares_nothing_that_can_change(string kind)
    {
        var original = Filled(typeof(V1Pod).Assembly.GetType(kind)!, 0)!;
        var copy = original.DeepCopy();
        Assert.IsType(original.GetType(), copy);
        Assert.Equal(KubernetesJson.Serialize(original), KubernetesJson.Serialize(copy));
        AssertApart(original, copy, kind);
    }

    // Every object that can be reached, with its place.
    private static void AssertApart(object original, object copy, string place)
    {
        var type = original.GetType();
        if (type.IsValueType || original is string)
        {
            return;
        }
        Assert.False(ReferenceEquals(original, copy), $"{place} is shared");
        if (original is IDictionary dictionary)
        {
            foreach (var key in dictionary.Keys)
            {
                AssertApart(dictionary[key]!, ((IDictionary)copy)[key]!, $"{place}[{key}]");
            }
            return;
        }
        if (original is IList list)
        {
            for (var i = 0; i < list.Count; i++)
            {
                AssertApart(list[i]!, ((IList)copy)[i]!, $"{place}[{i}]");
            }
            return;
        }
        foreach (var property in type.GetProperties().Where(p => p.CanRead && p.CanWrite && p.GetIndexParameters().Length == 0))
        {
            if (property.GetValue(original) is { } value)
            {
                AssertApart(value, property.GetValue(copy)!, $"{place}.{property.Name}");
            }
        }
    }

    private static object? Filled(Type type, int depth)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string))
        {
            return "text";
        }
        if (type == typeof(byte[]))
        {
            return new byte[] { 1, 2 };
        }
        if (type == typeof(object))
        {
            return JsonSerializer.SerializeToElement(new { a = 1 });
        }
        if (type == typeof(DateTime))
        {
            return DateTime.UnixEpoch;
        }
        if (type.Name == nameof(ResourceQuantity))
        {
            return new ResourceQuantity("500m");
        }
        if (type.Name == nameof(IntOrString))
        {
            return (IntOrString)"25%";
        }
        if (type.IsValueType)
        {
            return type == typeof(bool) ? true : Convert.ChangeType(3, type, System.Globalization.CultureInfo.InvariantCulture);
        }
        if (type.IsGenericType && type.GetGenericTypeDefinition() is var generic)
        {
            var arguments = type.GetGenericArguments();
            if (generic == typeof(IList<>) || generic == typeof(List<>) || generic == typeof(ICollection<>))
            {
                var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(arguments))!;
                if (Filled(arguments[0], depth + 1) is { } item)
                {
                    list.Add(item);
                    list.Add(item is string ? "other" : Filled(arguments[0], depth + 1));
                }
                return list;
            }
            if (generic == typeof(IDictionary<,>) || generic == typeof(Dictionary<,>))
            {
                var dictionary = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(arguments))!;
                if (Filled(arguments[1], depth + 1) is { } value)
                {
                    dictionary["key"] = value;
                }
                return dictionary;
            }
        }
        // Schemas of custom resources hold themselves.
        if (depth > 9)
        {
            return null;
        }
        var made = Activator.CreateInstance(type)!;
        foreach (
            var property in type.GetProperties().Where(p => p is { CanRead: true, CanWrite: true } && p.GetIndexParameters().Length == 0)
        )
        {
            property.SetValue(made, Filled(property.PropertyType, depth + 1));
        }
        return made;
    }
}
