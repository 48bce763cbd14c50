using System.Collections;
using System.Reflection;
using System.Text.Json.Nodes;

namespace Petrel.Client;

/// <summary>
/// Deep-copies objects of KubernetesClient's types field by field, some ten times faster than a JSON round trip. Strings and value types
/// are shared, because they are immutable.
/// </summary>
internal static class DeepCopier
{
    private static readonly Func<object, object> MemberwiseCopy = typeof(object)
        .GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!
        .CreateDelegate<Func<object, object>>();

    private static readonly Lock Gate = new();

    // Each addition replaces the whole dictionary, so that readers need no lock.
    private static volatile Dictionary<Type, Func<object, object>> _copiers = [];

    public static T Copy<T>(T value)
        where T : class => (T)CopierOf(value.GetType())(value);

    private static Func<object, object> CopierOf(Type type)
    {
        if (_copiers.TryGetValue(type, out var known))
        {
            return known;
        }
        lock (Gate)
        {
            var copier = Make(type);
            _copiers = new(_copiers) { [type] = copier };
            return copier;
        }
    }

    private static Func<object, object> Make(Type type)
    {
        if (IsImmutable(type))
        {
            return value => value;
        }
        if (typeof(JsonNode).IsAssignableFrom(type))
        {
            return value => ((JsonNode)value).DeepClone();
        }
        if (type.IsArray)
        {
            return value => CopyArray((Array)value);
        }
        if (typeof(IDictionary).IsAssignableFrom(type))
        {
            return value => CopyDictionary((IDictionary)value);
        }
        if (typeof(IList).IsAssignableFrom(type))
        {
            return value => CopyList((IList)value);
        }
        var fields = FieldsOf(type).Where(field => !IsImmutable(field.FieldType)).ToArray();
        return value => CopyFields(value, fields);
    }

    private static object CopyFields(object value, FieldInfo[] fields)
    {
        var copy = MemberwiseCopy(value);
        foreach (var field in fields)
        {
            if (field.GetValue(value) is { } held)
            {
                field.SetValue(copy, CopierOf(held.GetType())(held));
            }
        }
        return copy;
    }

    private static Array CopyArray(Array array)
    {
        var copy = (Array)array.Clone();
        if (!IsImmutable(array.GetType().GetElementType()!))
        {
            for (var i = 0; i < copy.Length; i++)
            {
                copy.SetValue(CopyOrNull(copy.GetValue(i)), i);
            }
        }
        return copy;
    }

    private static IList CopyList(IList list)
    {
        var copy = (IList)Activator.CreateInstance(list.GetType())!;
        foreach (var item in list)
        {
            copy.Add(CopyOrNull(item));
        }
        return copy;
    }

    private static IDictionary CopyDictionary(IDictionary dictionary)
    {
        var copy = (IDictionary)Activator.CreateInstance(dictionary.GetType())!;
        foreach (DictionaryEntry entry in dictionary)
        {
            copy.Add(entry.Key, CopyOrNull(entry.Value));
        }
        return copy;
    }

    private static object? CopyOrNull(object? value) => value is null ? null : CopierOf(value.GetType())(value);

    // The value types in API objects (times, quantities, JSON elements) are never changed in place, only replaced.
    private static bool IsImmutable(Type type) => type == typeof(string) || type.IsValueType;

    private static IEnumerable<FieldInfo> FieldsOf(Type type)
    {
        for (var at = type; at is not null && at != typeof(object); at = at.BaseType)
        {
            foreach (
                var field in at.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            )
            {
                yield return field;
            }
        }
    }
}
