using System.Reflection;
using System.Runtime.CompilerServices;
using Tallystick.Storage;
using Tallystick.Testing.Conformance;

namespace Tallystick.Tests.Conventions;

/// <summary>What holds for every type and method of every library, seen by reflection.</summary>
public sealed class TypeConventionsTests
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>Classes that others derive from although they are useful themselves, each with its reason.</summary>
    private static readonly Dictionary<Type, string> Derivable = new()
    {
        [typeof(TallystickException)] = "what is thrown; more specific failures derive from it",
        [typeof(StoreOptions)] = "what all stores need; each store adds its own options",
    };

    [Fact]
    public void Every_class_is_sealed_abstract_or_static() => Offences.None(
        "Seal the class, or make it abstract, or list it with its reason in TypeConventionsTests:",
        Repository.LibraryTypes
            .Where(type => type is { IsClass: true, IsSealed: false, IsAbstract: false } && !Derivable.ContainsKey(type))
            .Select(type => type.ToString()));

    [Fact]
    public void Classes_that_may_be_derived_from_are_still_there_and_open() => Offences.None(
        "Take it off the list in TypeConventionsTests, it is sealed by now:", Derivable.Keys.Where(type => type.IsSealed).Select(type => type.ToString()));

    [Fact]
    public void A_cancellation_token_is_the_last_parameter() => Offences.None(
        "Put the CancellationToken last:",
        from type in Repository.LibraryTypes
        where type.IsVisible
        from method in type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared))
        where method.IsPublic || method.IsFamily
        where !IsDelegatePlumbing(method)
        let parameters = method.GetParameters().Where(parameter => !IsParams(parameter) && !IsFilledIn(parameter)).ToArray()
        where parameters.SkipLast(1).Any(parameter => parameter.ParameterType == typeof(CancellationToken))
        select $"{type}.{method.Name}");

    [Fact]
    public void A_method_that_returns_a_task_ends_in_Async() => Offences.None(
        "Name it ...Async:",
        from type in Repository.LibraryTypes
        where !typeof(Delegate).IsAssignableFrom(type)
        from method in type.GetMethods(Declared)
        where IsAwaited(method.ReturnType) && !method.IsSpecialName
        where (type.IsVisible && (method.IsPublic || method.IsFamily)) || method.IsDefined(typeof(AsyncStateMachineAttribute), false)
        where !method.Name.Contains('<', StringComparison.Ordinal)
        // The conformance suite's tests are named by a sentence, as all tests are.
        where !method.IsDefined(typeof(ConformanceAttribute), false)
        let name = method.Name[(method.Name.LastIndexOf('.') + 1)..]
        where !name.EndsWith("Async", StringComparison.Ordinal) && !IsImplementationOfForeign(type, method)
        select $"{type}.{method.Name}");

    [Fact]
    public void No_method_is_async_void() => Offences.None(
        "An exception of an async void method ends the process; return a Task:",
        from type in Repository.Libraries.SelectMany(assembly => assembly.GetTypes())
        from method in type.GetMethods(Declared)
        where method.ReturnType == typeof(void) && method.IsDefined(typeof(AsyncStateMachineAttribute), false)
        select $"{type}.{method.Name}");

    [Fact]
    public void Identities_positions_and_versions_are_readonly_record_structs()
    {
        string[] endings = ["Id", "Position", "Version"];
        var named = Repository.LibraryTypes.Where(type => type is { IsVisible: true, IsNested: false } && endings.Any(ending => type.Name.EndsWith(ending, StringComparison.Ordinal))).ToArray();
        Assert.Contains(typeof(Tallystick.Tenancy.TenantId), named);
        Offences.None(
            "Make it a readonly record struct:",
            named.Where(type => !type.IsValueType || !type.IsDefined(typeof(IsReadOnlyAttribute), false) || type.GetMethod("PrintMembers", Declared) is null)
                .Select(type => type.ToString()));
    }

    [Fact]
    public void Every_struct_that_others_see_is_readonly() => Offences.None(
        "Make it readonly:",
        Repository.LibraryTypes
            .Where(type => type is { IsValueType: true, IsEnum: false, IsVisible: true } && !type.IsDefined(typeof(IsReadOnlyAttribute), false))
            .Select(type => type.ToString()));

    [Fact]
    public void No_library_has_a_field_that_others_can_change() => Offences.None(
        "Make it a property, or readonly; mutable statics are for ThreadStatic caches alone:",
        from type in Repository.LibraryTypes
        from field in type.GetFields(Declared)
        where !field.IsLiteral && !field.IsInitOnly && ((type.IsVisible && field.IsPublic) || (field.IsStatic && !field.IsDefined(typeof(ThreadStaticAttribute))))
        where !field.Name.Contains('<', StringComparison.Ordinal) && !field.Name.StartsWith("value__", StringComparison.Ordinal)
        select $"{type}.{field.Name}");

    private static bool IsParams(ParameterInfo parameter) =>
        parameter.IsDefined(typeof(ParamArrayAttribute), false) || parameter.IsDefined(typeof(ParamCollectionAttribute), false);

    /// <summary>The compiler gives it the text of another argument; no caller ever writes it.</summary>
    private static bool IsFilledIn(ParameterInfo parameter) => parameter.IsDefined(typeof(CallerArgumentExpressionAttribute), false);

    private static bool IsDelegatePlumbing(MethodBase method) => typeof(Delegate).IsAssignableFrom(method.DeclaringType) && method.Name != "Invoke";

    private static bool IsAwaited(Type type)
    {
        var open = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        return open == typeof(Task) || open == typeof(Task<>) || open == typeof(ValueTask) || open == typeof(ValueTask<>) || open == typeof(IAsyncEnumerable<>);
    }

    /// <summary>A name that somebody else gave can't be changed here.</summary>
    private static bool IsImplementationOfForeign(Type type, MethodInfo method) =>
        method.GetBaseDefinition().DeclaringType!.Assembly is var origin && !Repository.Libraries.Contains(origin)
        || (!type.IsInterface && type.GetInterfaces()
            .Where(implemented => !Repository.Libraries.Contains(implemented.Assembly))
            .Any(implemented => type.GetInterfaceMap(implemented).TargetMethods.Contains(method)));
}
